import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { SUBJECTS_MAX } from '../../base/finding.ts';
import type { ImageFinding } from '../image-finding.ts';
import type { HazardCode } from './hazards.ts';

/** What can be found about the content of an extension. */
export type ContentCode =
  | HazardCode
  /** Nothing in the image would be seen on a host. */
  | 'nothing-to-extend'
  /** A directory that hosts have too would lock users out of the host's own files. */
  | 'shared-directory-locked'
  /** A directory that hosts have too would change the host's mode or owner. */
  | 'shared-directory-changed'
  | 'set-id-file'
  | 'device-node'
  | 'world-writable'
  /** Entries that no merge makes visible. */
  | 'outside-hierarchies'
  | 'file-capabilities';

/** A finding about the content of an extension; its subjects are paths without a leading slash. */
export interface ContentFinding extends ImageFinding<ContentCode> {
  readonly layer: 'content';
  /** How many there are; `subjects` names the first of them. */
  readonly count: number;
}

/** Levels of the codes, in the order in which they are reported. */
const LEVELS: Readonly<Record<ContentCode, ContentFinding['level']>> = {
  'marker-directory': 'error',
  'os-release': 'error',
  'hides-essential-directory': 'error',
  whiteout: 'error',
  'overlay-attribute': 'error',
  // It changes what users of the host can reach from the moment of the merge.
  'shared-directory-locked': 'error',
  'nothing-to-extend': 'error',
  // Merged hierarchies are read-only unless asked for, so that rights to write show only then.
  'shared-directory-changed': 'warning',
  'set-id-file': 'warning',
  'device-node': 'warning',
  'world-writable': 'warning',
  'outside-hierarchies': 'warning',
  'file-capabilities': 'note',
};

/** What is wrong with an entry. */
export interface Remark {
  readonly code: ContentCode;
  /** A sentence whose subject is the path. */
  readonly reason: string;
  readonly hint: string;
}

/** Counts remarks by code: a million entries cost no more than twenty. */
export class ContentRemarks {
  readonly #byCode = new Map<ContentCode, { first: Remark; count: number; subjects: string[] }>();

  add(path: ByteString, remark: Remark): void {
    const entry = this.#byCode.get(remark.code) ?? { first: remark, count: 0, subjects: [] };
    entry.count++;
    if (entry.subjects.length < SUBJECTS_MAX) entry.subjects.push(displayName(path));
    this.#byCode.set(remark.code, entry);
  }

  /** A finding for every code, errors first. */
  findings(): ContentFinding[] {
    return (Object.keys(LEVELS) as ContentCode[]).flatMap((code) => {
      const entry = this.#byCode.get(code);
      if (entry === undefined) return [];
      const { first, count, subjects } = entry;
      const more = count === 1 ? '' : ` (and ${count - 1} more)`;
      return [
        {
          code,
          layer: 'content',
          level: LEVELS[code],
          message: `'${subjects[0]}' ${first.reason}${more}`,
          hint: first.hint,
          subjects,
          count,
        },
      ];
    });
  }
}
