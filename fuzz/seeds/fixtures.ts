import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const PROJECT = new URL('../../', import.meta.url);

/** A file of the project, by its path. */
export function fixture(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(path, PROJECT)));
}

/** Files of a folder of the project whose names end so, unpacked if they are packed. */
export function fixtures(folder: string, ...endings: readonly string[]): Uint8Array[] {
  return readdirSync(new URL(folder, PROJECT))
    .sort()
    .filter((name) => endings.some((ending) => name.endsWith(ending)))
    .map((name) => fixture(`${folder}/${name}`))
    .map((bytes) => (bytes[0] === 0x1f && bytes[1] === 0x8b ? new Uint8Array(gunzipSync(bytes)) : bytes));
}
