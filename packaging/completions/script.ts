import type { CommandDescription, OptionDescription, Value } from '../command-tree.ts';

/** What SOURCE and URI can begin with. */
export const SOURCE_PREFIXES = [
  'docker://',
  'docker-daemon:',
  'docker-archive:',
  'oci:',
  'oci-archive:',
  'dir:',
  'tar:',
];
export const URI_PREFIXES = ['https://', 'http://', 'file://', 'oci://'];

/**
 * Prints the names of extensions from `list --json`, one a line, without those that JSON has to escape. What they are called comes
 * from outside: what follows must take them as text only.
 */
export const NAMES_FROM_JSON = `sed -n 's/^    "name": "\\([^"\\\\]*\\)",$/\\1/p'`;

/** A command and those that lead to it, without the program's own name. */
export interface CommandPath {
  /** Names, of which the last may be an alias. */
  readonly path: readonly string[];
  readonly command: CommandDescription;
}

/** All commands of a program with the ways to call them, the program itself first. */
export function commandPaths(command: CommandDescription, path: readonly string[] = []): CommandPath[] {
  return [
    { path, command },
    ...command.commands.flatMap((child) =>
      [child.name, ...child.aliases].flatMap((name) => commandPaths(child, [...path, name])),
    ),
  ];
}

/** Options whose value may be the next word. */
export function valueOptions(
  command: CommandDescription,
): (OptionDescription & { readonly value: Value & { readonly name: string } })[] {
  return command.options.filter(
    (option): option is OptionDescription & { value: Value & { name: string } } => option.value !== undefined,
  );
}

/** Text in single quotes for sh, bash and zsh. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A name as part of a shell function's. */
export function identifier(...names: readonly string[]): string {
  return ['', ...names].join('_').replaceAll('-', '_');
}
