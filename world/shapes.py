"""The shapes of blocks: which boxes stop a body, how fences join, rays against boxes."""

from numba import njit

from basalt_iq.jit import BARE
from basalt_iq.world.blocks import BODY_BOXES, BODY_SPAN, CUBE, CUTOUT, FENCE_KIND, FENCES, KIND, PANES


@njit(**BARE)
def slab(ox, oy, oz, ix, iy, iz, x0, y0, z0, x1, y1, z1):
    """A ray from o with inverse direction i against a box: entry t, exit t, axis of the entry."""
    a, b = (x0 - ox) * ix, (x1 - ox) * ix
    c, d = (y0 - oy) * iy, (y1 - oy) * iy
    e, f = (z0 - oz) * iz, (z1 - oz) * iz
    tx, ty, tz = min(a, b), min(c, d), min(e, f)
    t0 = max(tx, max(ty, tz))
    return t0, min(max(a, b), min(max(c, d), max(e, f))), 0 if t0 == tx else (1 if t0 == ty else 2)


@njit(**BARE)
def holds_fence(block):
    """Whether a fence reaches out to a block beside it."""
    return FENCES[block] or KIND[block] == CUBE


@njit(**BARE)
def holds_pane(block):
    """Whether a pane reaches out to a block beside it: another pane, or any full block."""
    return PANES[block] or KIND[block] == CUBE or KIND[block] == CUTOUT


@njit(**BARE)
def joins(blocks, x, y, z, side):
    """Whether a fence or pane reaches out to a side (0 +x, 1 -x, 2 +z, 3 -z)."""
    a, c = x + (side == 0) - (side == 1), z + (side == 2) - (side == 3)
    if a < 0 or c < 0 or a >= blocks.shape[0] or c >= blocks.shape[2]:
        return False
    return holds_pane(blocks[a, y, c]) if PANES[blocks[x, y, z]] else holds_fence(blocks[a, y, c])


@njit(**BARE)
def arm_box(part):
    """Part 0 of a fence is its post; parts 1..8 are the lower and upper rail to each side."""
    if part == 0:
        return 0.375, 0.0, 0.375, 0.625, 1.0, 0.625
    side, y0 = (part - 1) >> 1, 0.375 + 0.375 * ((part - 1) & 1)
    x0, x1, z0, z1 = 0.4375, 0.5625, 0.4375, 0.5625
    if side == 0:
        x1 = 1.0
    elif side == 1:
        x0 = 0.0
    elif side == 2:
        z1 = 1.0
    else:
        z0 = 0.0
    return x0, y0, z0, x1, y0 + 0.1875, z1


@njit(**BARE)
def _joined(blocks, x, y, z, half, high, out, count):
    """Appends the post and the arms, `half` to each side of the middle, of a fence or a pane."""
    for side in range(-1, 4):
        if count >= out.shape[0] or (side >= 0 and not joins(blocks, x, y, z, side)):
            continue
        x0, x1 = 0.0 if side == 1 else 0.5 - half, 1.0 if side == 0 else 0.5 + half
        z0, z1 = 0.0 if side == 3 else 0.5 - half, 1.0 if side == 2 else 0.5 + half
        _append(out, count, x, y, z, x0, 0.0, z0, x1, high, z1)
        count += 1
    return count


@njit(**BARE)
def body_boxes(blocks, x, y, z, out, count):
    """Appends the boxes of a cell that stop bodies to `out` (n, 6), in world coordinates."""
    block = blocks[x, y, z]
    if KIND[block] == FENCE_KIND:
        return _joined(blocks, x, y, z, 0.125, 1.5, out, count)
    if PANES[block]:
        return _joined(blocks, x, y, z, 0.0625, 1.0, out, count)
    for row in range(BODY_SPAN[block, 0], BODY_SPAN[block, 1]):
        q = BODY_BOXES[row]
        if count < out.shape[0]:
            _append(out, count, x, y, z, q[0], q[1], q[2], q[3], q[4], q[5])
            count += 1
    return count


@njit(**BARE)
def _append(out, row, x, y, z, x0, y0, z0, x1, y1, z1):
    out[row, 0], out[row, 1], out[row, 2] = x + x0, y + y0, z + z0
    out[row, 3], out[row, 4], out[row, 5] = x + x1, y + y1, z + z1
