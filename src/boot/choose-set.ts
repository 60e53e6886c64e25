import type { ByteString } from '../base/byte-string.ts';
import { checkSet, type SetMember } from '../node/lifecycle/check-set.ts';
import { shadowing } from '../node/lifecycle/shadowing.ts';
import type { FoundExtension } from '../node/machine/search-directories.ts';
import type { Candidate, Refusal } from './candidate.ts';

/** With what the chosen extensions are merged. */
export interface SetPlace {
  /** What systemd finds in other directories, or from others in the same; nothing of it can be left out. */
  readonly elsewhere: readonly FoundExtension[];
  /** The hierarchies that are merged, such as `/usr`. */
  readonly hierarchies: readonly ByteString[];
}

/** Which extensions are merged together, and which are left out for the sake of the others. */
export interface ChosenSet {
  readonly chosen: readonly Candidate[];
  readonly leftOut: readonly { readonly candidate: Candidate; readonly refusal: Refusal }[];
}

/**
 * Chooses, of extensions of one class that are each right, those that can be merged together. They are taken in the order given;
 * one that does not go together with those taken before it is left out: of the same name, of a name that compares equal, or
 * with which the names would be too long for the kernel. What follows is still taken if it goes.
 */
export function chooseSet(candidates: readonly Candidate[], { elsewhere, hierarchies }: SetPlace): ChosenSet {
  const chosen: Candidate[] = [];
  const leftOut: { candidate: Candidate; refusal: Refusal }[] = [];
  const names = new Set(candidates.map(({ name }) => name));
  const others: SetMember[] = elsewhere
    // Of those of the same name either theirs or ours is merged, never both.
    .filter(({ name, state }) => state !== 'shadowed' && !names.has(name))
    .map(({ name, directory, entry }) => ({ name, place: `${directory}/${entry}` }));
  const members: SetMember[] = [...others];
  for (const candidate of candidates) {
    const self: SetMember = { name: candidate.name, place: `${candidate.profile}/${candidate.entry}` };
    const findings = [
      ...shadowing(self, elsewhere, candidate.kind),
      ...checkSet(self, members, hierarchies, 'in this boot'),
    ];
    const error = findings.find(({ level }) => level === 'error');
    if (error === undefined) {
      chosen.push(candidate);
      members.push(self);
    } else {
      const { code, message, hint } = error;
      leftOut.push({ candidate, refusal: { code, reason: message, hint } });
    }
  }
  return { chosen, leftOut };
}
