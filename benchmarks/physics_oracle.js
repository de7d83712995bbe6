// Where Minecraft's player is, tick by tick, by prismarine-physics (MIT). benchmarks/physics.py talks to it:
//   node physics_oracle.js 1.11.2 < cases.json > answers.json
// A case: {size: [x, y, z], palette: [{name, props}, ...], cells: base64 of one byte a cell in (x, y, z) order,
//          pos: [x, y, z], keys: [[forward, left, jump, sneak, sprint, yaw], ...]}
// An answer: {published: [[x, y, z], ...], mended: [[x, y, z], ...], stuck: tick}: by the package as it is on npm,
// with the mistakes listed below mended, and the first tick that this leaves the player inside a block. (It works
// out the player's box anew from its rounded position every tick, so that now and then the box reaches 1e-16 into a
// wall, and then walks on into it. Minecraft keeps the box.)
const Module = require('module')
const fs = require('fs')
const { Vec3 } = require('vec3')
const version = process.argv[2]
const data = require('minecraft-data')(version)
const Block = require('prismarine-block')(version)
const modern = require('minecraft-data')('1.16.5')
const ModernBlock = require('prismarine-block')('1.16.5')
const flat = version === '1.11.2'

// What the package gets wrong, as the line that does it and what Minecraft does. docs/world.md has the evidence.
const MISTAKES = [
  { // sneaking asks whether there is a box under the body, not whether there is a block in a cell near it
    find: /getSurroundingBBs\(world, getPlayerBB\(pos\)\.offset\((\w+), 0, (\w+)\)\)\.length === 0/g,
    mend: '!getSurroundingBBs(world, getPlayerBB(pos).offset($1, -0.6, $2)).some(b => b.intersects(getPlayerBB(pos).offset($1, -0.6, $2)))',
    times: 3
  },
  { // water runs over an edge into the open, not into a wall
    find: /if \(adjBlock && adjBlock\.boundingBox !== 'empty'\) \{/g,
    mend: "if (!adjBlock || adjBlock.boundingBox === 'empty') {",
    times: 1
  },
  { // a fall along walls draws down once, not once for every wall
    find: /flow\.normalize\(\)\.translate\(0, -6, 0\)/g,
    mend: 'flow.normalize().translate(0, -6, 0); break',
    times: 1
  },
  { // a ledge is stepped up by what the whole of the wished way allows, not the part that was free
    find: /const BB_XZ = BB1\.clone\(\)\.extend\(dx, 0, dz\)/g,
    mend: 'const BB_XZ = BB1.clone().extend(oldVelX, 0, oldVelZ)',
    times: 1
  },
  ...(flat ? [] : [{ // from 1.15 on what one slips on is half a block below the feet
    find: /const blockUnder = world\.getBlock\(pos\.offset\(0, -1, 0\)\)/g,
    mend: 'const blockUnder = world.getBlock(pos.offset(0, -0.5000001, 0))',
    times: 1
  }])
]

function mended () {
  const path = require.resolve('prismarine-physics')
  let source = fs.readFileSync(path, 'utf8')
  for (const { find, mend, times } of MISTAKES) {
    if ((source.match(find) || []).length !== times) throw new Error(`prismarine-physics has changed: ${find}`)
    source = source.replace(find, mend)
  }
  const module = new Module(path, null)
  module.filename = path
  module.paths = Module._nodeModulePaths(require('path').dirname(path))
  module._compile(source, path)
  return module.exports
}

const SIDES = { north: [0, -1], south: [0, 1], west: [-1, 0], east: [1, 0] }
const SEE_THROUGH = /glass$|leaves$/

function isFull (block) {
  return block.shapes.length === 1 && block.shapes[0].join() === '0,0,0,1,1,1'
}

// Boxes of a fence or pane, whose arms depend on what is beside it. 1.11's data know none of it, so the boxes are
// those of 1.16, which are the same.
function joined (kind, at, x, y, z) {
  const props = { waterlogged: false }
  for (const [side, [dx, dz]] of Object.entries(SIDES)) {
    const other = at(x + dx, y, z + dz)
    const full = isFull(other.block)
    props[side] = kind === 'pane'
      ? other.kind === 'pane' || full
      : other.kind === 'fence' || other.kind === 'gate' || (full && !SEE_THROUGH.test(other.block.name))
  }
  return ModernBlock.fromProperties(kind === 'pane' ? 'glass_pane' : 'oak_fence', props, 0).shapes
}

// 1.11's data know one shape of a door or stair, however it is turned: these too are 1.16's.
const MODERN = { door: 'oak_door', gate: 'oak_fence_gate', stairs: 'cobblestone_stairs', ladder: 'ladder' }

function made ({ name, meta, props, kind }) {
  if (flat) {
    const block = new Block(data.blocksByName[name].id, 0, meta || 0)
    if (kind in MODERN) block.shapes = ModernBlock.fromProperties(MODERN[kind], props, 0).shapes
    return { block, kind }
  }
  const { minStateId, defaultState } = data.blocksByName[name]
  if (props) return { block: Block.fromProperties(name, props, 0), kind }
  return { block: Block.fromStateId(meta === undefined ? defaultState : minStateId + meta, 0), kind }
}

function worldOf ({ size, palette, cells }) {
  const bytes = Buffer.from(cells, 'base64')
  const [nx, ny, nz] = size
  const known = palette.map(made)
  const air = made({ name: 'air', meta: 0 })
  const at = (x, y, z) => x < 0 || y < 0 || z < 0 || x >= nx || y >= ny || z >= nz
    ? air
    : known[bytes[(x * ny + y) * nz + z]]
  return {
    getBlock (p) {
      const [x, y, z] = [p.x, p.y, p.z].map(Math.floor)
      const { block, kind } = at(x, y, z)
      const here = Object.create(block)
      here.position = new Vec3(x, y, z)
      if (kind === 'fence' || kind === 'pane') here.shapes = joined(kind, at, x, y, z)
      return here
    }
  }
}

function isStuck (world, p, height) {
  const E = 1e-9
  const [x0, y0, z0, x1, y1, z1] = [p.x - 0.3 + E, p.y + E, p.z - 0.3 + E, p.x + 0.3 - E, p.y + height - E, p.z + 0.3 - E]
  for (let x = Math.floor(x0); x <= Math.floor(x1); x++) {
    for (let z = Math.floor(z0); z <= Math.floor(z1); z++) {
      for (let y = Math.floor(y0) - 1; y <= Math.floor(y1); y++) {
        const shapes = world.getBlock({ x, y, z }).shapes
        if (shapes.some(q => x0 < x + q[3] && x1 > x + q[0] && y0 < y + q[4] && y1 > y + q[1] && z0 < z + q[5] && z1 > z + q[2])) return true
      }
    }
  }
  return false
}

function run ({ Physics, PlayerState }, world, { pos, keys }, crouches) {
  const physics = Physics(data, world)
  const player = {
    entity: {
      position: new Vec3(...pos), velocity: new Vec3(0, 0, 0), onGround: false, isInWater: false, isInLava: false,
      isInWeb: false, isCollidedHorizontally: false, isCollidedVertically: false, elytraFlying: false, yaw: 0,
      pitch: 0, effects: {}
    },
    jumpTicks: 0, jumpQueued: false, fireworkRocketDuration: 0, version, inventory: { slots: [] }
  }
  let stuck = keys.length
  const path = keys.map(([f, l, j, s, r, yaw], tick) => {
    player.entity.yaw = Math.PI - yaw
    physics.playerHeight = crouches && s ? 1.5 : 1.8
    const control = { forward: f > 0, back: f < 0, left: l > 0, right: l < 0, jump: !!j, sneak: !!s, sprint: !!r }
    physics.simulatePlayer(new PlayerState(player, control), world).apply(player)
    const p = player.entity.position
    if (stuck > tick && isStuck(world, p, physics.playerHeight)) stuck = tick
    return [p.x, p.y, p.z]
  })
  return { path, stuck }
}

// node physics_oracle.js 1.11.2 blocks < blocks.json: boxes and digging facts of blocks instead
function described (one) {
  if (!data.blocksByName[one.name]) return null
  const { block } = made(one)
  const { material, harvestTools } = data.blocks[block.type]
  const tools = Object.keys(harvestTools || {}).map(id => data.items[id].name)
  return { boxes: block.shapes, hardness: block.hardness, material: material || '', needs_tool: tools.length > 0 }
}

const asked = JSON.parse(fs.readFileSync(0))
if (process.argv[3] === 'blocks') {
  process.stdout.write(JSON.stringify(asked.map(described)))
} else {
  const published = require('prismarine-physics')
  const better = mended()
  process.stdout.write(JSON.stringify(asked.map(c => {
    const world = worldOf(c)
    const { path, stuck } = run(better, world, c, !flat)
    return { published: run(published, world, c, false).path, mended: path, stuck }
  })))
}
