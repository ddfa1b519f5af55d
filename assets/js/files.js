// Files that a visitor picked or dropped, folders included.

const AUDIO = /\.(wav|wave|flac|ogg|oga|opus|mp3|m4a|aac|webm|mp4|aiff?|au|csv|jsonl)$/i;

/** Files of a file input. A folder brings its audio files and manifests; files picked one by one are all taken. */
export function pickedFiles(list) {
  return [...list]
    .map((file) => ({ file, name: file.webkitRelativePath || file.name }))
    .filter(({ file, name }) => name === file.name || wanted(file.name));
}

/** Files of a drop; folders are walked through for sound, manifests, and names that `also` fits. */
export async function droppedFiles(transfer, also = null) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return pickedFiles(transfer.files);
  const found = await Promise.all(entries.map((entry) => (entry.isDirectory ? walk(entry, also) : one(entry))));
  return found.flat();
}

/** Runs work over items, at most `most` at once; results keep the order. */
export async function inParallel(items, most, work) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const i = next;
      next += 1;
      results[i] = await work(items[i]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  return results;
}

const wanted = (name, also = null) => !name.startsWith(".") && (AUDIO.test(name) || Boolean(also?.test(name)));

const one = (entry) => new Promise((resolve) => {
  entry.file((file) => resolve([{ file, name: entry.fullPath.replace(/^\//, "") }]), () => resolve([]));
});

async function walk(folder, also) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    // A reader hands out at most a hundred entries at a time.
    const batch = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!batch.length) break;
    found.push(...batch);
  }
  found.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const parts = await Promise.all(found.map((entry) => {
    if (entry.isDirectory) return walk(entry, also);
    return wanted(entry.name, also) ? one(entry) : [];
  }));
  return parts.flat();
}
