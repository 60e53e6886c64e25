import { displayName } from '../../base/display.ts';
import type { Finding } from '../../base/finding.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import { type FoundExtension, searchDirectories } from '../machine/search-directories.ts';
import { runPath } from '../store/layout.ts';
import type { SetCode, SetMember } from './check-set.ts';

/** What other search directories have of the same name. */
export function shadowing(
  self: SetMember,
  elsewhere: readonly FoundExtension[],
  kind: ExtensionKind,
): Finding<SetCode>[] {
  const order = searchDirectories(kind);
  return elsewhere
    .filter(({ name }) => name === self.name)
    .map(({ directory, entry }): Finding<SetCode> => {
      const place = displayName(`${directory}/${entry}`);
      const wins = order.indexOf(directory) <= order.indexOf(runPath(kind));
      return {
        code: 'shadowed',
        level: wins ? 'error' : 'warning',
        message: wins
          ? `${place} has the same name and wins over ${displayName(self.place)}, which systemd would never look at`
          : `${place} has the same name and is not looked at while ${displayName(self.place)} is loaded`,
        ...(wins && { hint: `remove ${place}, or give the image another name` }),
        subjects: [place],
      };
    });
}
