"""basalt-iq: from demo videos to an agent that plays. The rooms, left to right: world (stand-in for
Minecraft) and data (demos), agent (what acts), play (whoever acts, in every world), train (what learns),
watch (what people look at) and submission (what judges run)."""

from basalt_iq.gym_ids import register

register()
