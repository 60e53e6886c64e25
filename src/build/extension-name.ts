import { escapeControls } from '../base/display.ts';
import type { ExtensionKind } from '../image/extension/kind.ts';
import { extensionNameProblem } from '../image/extension/name.ts';
import { BuildError } from './error.ts';

/** Checks NAME. Throws a BuildError `bad-argument` that says which of systemd's rules is broken. */
export function checkExtensionName(name: string, kind: ExtensionKind): void {
  const problem = extensionNameProblem(name, kind);
  if (problem === undefined) return;
  throw new BuildError(
    'bad-argument',
    `the name '${escapeControls(name)}' cannot be used: ${problem.reason}`,
    {
      hint: problem.hint ?? 'choose a name such as k3s-1.32.1: letters, digits, dots, dashes',
    },
  );
}
