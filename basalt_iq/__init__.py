"""basalt-iq: from demo videos to an agent that plays. The rooms, left to right:
world (stand-in for Minecraft), data (demos), agent (what acts), train (what learns),
watch (what people look at), submission (what judges run)."""
