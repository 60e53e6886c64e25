import type { ArgumentDescription, CommandDescription, OptionDescription, Value } from '../command-tree.ts';
import { identifier, NAMES_FROM_JSON, quoted, SOURCE_PREFIXES, URI_PREFIXES } from './script.ts';

/** A completion script of zsh 5, for a directory of fpath. */
export function zshCompletion(program: CommandDescription): string {
  const own = identifier(program.name);
  const functions: string[] = [];
  addFunctions(program, [program.name], functions);
  return `#compdef ${program.name}
# zsh completion of ${program.name}; generated, see packaging/completions

# The extensions in the store.
${own}_extensions() {
  local -a names
  names=(\${(f)"$(${program.name} $root $1 list --json 2>/dev/null | ${NAMES_FROM_JSON})"})
  compadd -a names
}

${own}_prefixes() {
  compadd -S '' -- $@
}

${functions.join('\n')}
${own} "$@"
`;
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is zsh's
const OUTER_ROOT = '  [[ -z $opt_args[--root] ]] || root=(--root ${(Q)opt_args[--root]})';

/** The function that completes a command, and those of the commands under it. */
function addFunctions(command: CommandDescription, path: readonly string[], functions: string[]): void {
  const options = command.options.flatMap(optionSpecs);
  const children = command.commands.flatMap((child) =>
    [child.name, ...child.aliases].map((name) => ({ name, child })),
  );
  const [program = ''] = path;
  const positional =
    children.length === 0
      ? command.arguments.map((argument) => argumentSpec(argument, program, path[1] ?? ''))
      : [quoted('1: :->command'), quoted('*:: :->rest')];
  const specs = [...options, ...positional].map((spec) => `    ${spec}`).join(' \\\n');
  const lines = [`${identifier(...path)}() {`];
  if (children.length === 0) {
    lines.push('  _arguments -s -S \\', specs, '}');
  } else {
    const described = children.map(({ name, child }) => quoted(`${name}:${child.description}`)).join(' ');
    lines.push(
      '  local context state line',
      '  local -A opt_args',
      '  _arguments -C \\',
      `${specs} && return`,
      // For the commands behind, which see what is local here, but not what was given here.
      ...(path.length === 1 ? ['  local -a root', OUTER_ROOT] : []),
      '  case $state in',
      `    command) local -a commands=(${described}); _describe command commands ;;`,
      '    rest)',
      '      case $line[1] in',
      ...children.map(({ name, child }) => `        ${name}) ${identifier(...path, child.name)} ;;`),
      '      esac ;;',
      '  esac',
      '}',
    );
  }
  functions.push(`${lines.join('\n')}\n`);
  for (const child of command.commands) addFunctions(child, [...path, child.name], functions);
}

function optionSpecs({ names, description, value }: OptionDescription): string[] {
  const exclusive = names.length > 1 ? `(${names.join(' ')})` : '';
  const text = `[${escaped(description)}]`;
  return names.map((name) => {
    const takes = value === undefined ? '' : `:${value.name}:${action(value, '', '')}`;
    const joined = value !== undefined && name.startsWith('--') ? '=' : '';
    return quoted(`${exclusive}${name}${joined}${text}${takes}`);
  });
}

function argumentSpec(argument: ArgumentDescription, program: string, group: string): string {
  const { name, isRequired, isVariadic, value } = argument;
  const colon = isRequired ? ':' : '::';
  return quoted(`${isVariadic ? '*' : ''}${colon}${name}:${action(value, program, group)}`);
}

/** What _arguments does to complete a value. */
function action(value: Value, program: string, group: string): string {
  switch (value.kind) {
    case 'words':
      return `(${value.words.join(' ')})`;
    case 'file':
      return '_files';
    case 'directory':
      return '_files -/';
    case 'extension':
      // Beginning with a space, it is called with what is said here and nothing else.
      return ` ${identifier(program)}_extensions ${group}`;
    case 'source':
      return `{ ${identifier(program)}_prefixes ${SOURCE_PREFIXES.join(' ').replaceAll(':', '\\:')}; _files }`;
    case 'uri':
      return `{ ${identifier(program)}_prefixes ${URI_PREFIXES.join(' ').replaceAll(':', '\\:')} }`;
    case 'other':
      return ' ';
  }
}

/** Text in a description of _arguments. */
function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, '\\$&');
}
