import type { CommandDescription, Value } from '../command-tree.ts';
import {
  commandPaths,
  identifier,
  NAMES_FROM_JSON,
  quoted,
  SOURCE_PREFIXES,
  URI_PREFIXES,
  valueOptions,
} from './script.ts';

/** A completion script of bash, which needs nothing but bash 4. */
export function bashCompletion(program: CommandDescription): string {
  const name = identifier(program.name);
  const paths = commandPaths(program);
  const lines: string[] = [];
  const branch = (pattern: string, action: string): void => void lines.push(`    ${pattern}) ${action} ;;`);

  const steps: string[] = [];
  for (const { path, command } of paths) {
    const here = path.join(' ');
    for (const child of command.commands) {
      for (const word of [child.name, ...child.aliases]) {
        steps.push(`      ${quoted(`${here}:${word}`)}) path=${quoted([...path, word].join(' '))} ;;`);
      }
    }
    for (const { names } of valueOptions(command)) {
      for (const word of names) steps.push(`      ${quoted(`${here}:${word}`)}) option=$word ;;`);
    }
    for (const option of valueOptions(command)) {
      for (const word of option.names) branch(quoted(`${here}:${word}`), values(name, option.value));
    }
    const options = command.options.flatMap(({ names }) => names).join(' ');
    branch(`${quoted(`${here}:`)}-*`, `${name}_words ${quoted(options)}`);
    const names = command.commands.flatMap((child) => [child.name, ...child.aliases]).join(' ');
    if (names !== '') branch(`${quoted(`${here}:`)}*`, `${name}_words ${quoted(names)}`);
    for (const [index, argument] of command.arguments.entries()) {
      const isLast = index === command.arguments.length - 1;
      // Bash takes words with colons apart, so that the last argument may count as several.
      const count = isLast ? '*' : `${index}`;
      branch(`${quoted(`${here}:`)}*:${count}`, values(name, argument.value));
    }
  }
  const usesExtensions = paths.some(({ command }) =>
    command.arguments.some(({ value }) => value.kind === 'extension'),
  );
  return `# bash completion of ${program.name}; generated, see packaging/completions

${name}_words() {
  local word
  for word in $1; do
    [[ $word != "$cur"* ]] || COMPREPLY+=("$word")
  done
}

${name}_prefixes() {
  ${name}_words "$1"
  compopt -o nospace
}

${name}_files() {
  local word
  compopt -o filenames
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$1" -- "$cur")
}
${
  usesExtensions
    ? `
${name}_extensions() {
  local word
  while IFS= read -r word; do
    # Names come from outside: never anything but a word.
    [[ $word != "$cur"* ]] || COMPREPLY+=("$(printf %q "$word")")
  done < <(${program.name} \${root:+--root "$root"} "\${path%% *}" list --json 2>/dev/null | ${NAMES_FROM_JSON})
}
`
    : ''
}
${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} path='' option=''${usesExtensions ? " root=''" : ''} count=0 word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # Bash takes --option=value apart.
    [[ $word != '=' ]] || continue
    if [[ $option ]]; then
${usesExtensions ? '      [[ $option != --root ]] || root=$word\n' : ''}      option=''
      continue
    fi
    case "$path:$word" in
${steps.join('\n')}
      *:-*) ;;
      *) count=$((count + 1)) ;;
    esac
  done
  [[ $cur != '=' ]] || cur=''
  case "$path:\${option:-$cur:$count}" in
${lines.join('\n')}
  esac
}

complete -F ${name} ${program.name}
`;
}

/** The command that adds what a value can be. */
function values(name: string, value: Value): string {
  switch (value.kind) {
    case 'words':
      return `${name}_words ${quoted(value.words.join(' '))}`;
    case 'file':
      return `${name}_files -f`;
    case 'directory':
      return `${name}_files -d`;
    case 'extension':
      return `${name}_extensions`;
    case 'source':
      return `${name}_prefixes ${quoted(SOURCE_PREFIXES.join(' '))}; ${name}_files -f`;
    case 'uri':
      return `${name}_prefixes ${quoted(URI_PREFIXES.join(' '))}`;
    case 'other':
      return ':';
  }
}
