// Arrays and videos of an episode, from inside the page or from the folder beside it, fetched when needed.

function bytesOf(base64) {
  const text = atob(base64.trim()),
    bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

const KINDS = { f4: Float32Array, i2: Int16Array, u1: Uint8Array };

/** See packing.py: length of the header, header, arrays. */
async function unpack(base64) {
  const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(stream).arrayBuffer();
  const size = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
  const arrays = { steps: head.steps, columns: {} };
  let at = 4 + size;
  for (const [name, kind, columns] of head.fields) {
    const count = (name === "progress" || name === "position" ? head.steps + 1 : head.steps) * columns;
    arrays[name] = new KINDS[kind](buffer, at, count);
    arrays.columns[name] = columns;
    at += count * KINDS[kind].BYTES_PER_ELEMENT;
  }
  return arrays;
}

basalt.deliver = (key, base64) => {
  basalt.waiting.get(key)?.(base64);
  basalt.waiting.delete(key);
};

/** Base64 of an episode's arrays. A page opened from disk cannot fetch, but it can load a script. */
function arraysText(key, folder) {
  const block = document.getElementById(`a-${key}`);
  if (block) return Promise.resolve(block.textContent);
  return new Promise((resolve, reject) => {
    basalt.waiting.set(key, resolve);
    const script = document.createElement("script");
    script.nonce = /** @type {HTMLElement} */ (document.querySelector("script[nonce]")).nonce;
    script.src = `${encodeURIComponent(folder)}/a-${encodeURIComponent(key)}.js`;
    script.onerror = () => reject(new Error(`${folder} is not beside this page`));
    script.onload = () => script.remove();
    document.head.append(script);
  });
}

const kept = new Map();
/** The arrays of an episode; the last few stay in memory. */
function arraysOf(key, folder) {
  if (!kept.has(key)) {
    kept.set(key, arraysText(key, folder).then(unpack));
    if (kept.size > 8) kept.delete(kept.keys().next().value);
  }
  return kept.get(key);
}

/** A URL for the video, and what to call when it is no longer shown. */
function videoOf(key, folder) {
  const block = document.getElementById(`v-${key}`);
  if (!block) return { url: `${encodeURIComponent(folder)}/v-${encodeURIComponent(key)}.mp4`, release() {} };
  const url = URL.createObjectURL(new Blob([bytesOf(block.textContent)], { type: "video/mp4" }));
  return { url, release: () => URL.revokeObjectURL(url) };
}
