import { basename } from 'node:path';

/**
 * Which program is meant, and its arguments after it: by the name that the executable was called by where that is one of
 * `names`, else by the first argument.
 *
 * @param calledBy What the caller passed as the executable's own name; undefined where that says nothing.
 */
export function programAndArguments(
  calledBy: string | undefined,
  args: readonly string[],
  names: readonly string[],
): readonly string[] {
  const name = basename(calledBy ?? '');
  return names.includes(name) ? [name, ...args] : args;
}
