import type { CommandDescription, Value } from '../command-tree.ts';
import {
  commandPaths,
  identifier,
  NAMES_FROM_JSON,
  SOURCE_PREFIXES,
  URI_PREFIXES,
  valueOptions,
} from './script.ts';

/** A completion script of fish 3. */
export function fishCompletion(program: CommandDescription): string {
  const at = `_${identifier(program.name)}_at`;
  const paths = commandPaths(program);
  const values = [
    ...new Set(paths.flatMap(({ command }) => valueOptions(command).flatMap(({ names }) => names))),
  ];
  const lines: string[] = [];
  for (const { path, command } of paths) {
    const isGroup = command.commands.length > 0;
    // Options of a group are those before its commands.
    const here = `-n '${[at, isGroup ? 'exactly' : 'below', ...path].join(' ')}'`;
    for (const child of command.commands) {
      for (const name of [child.name, ...child.aliases]) {
        lines.push(`complete -c ${program.name} ${here} -a ${name} -d ${fishQuoted(child.description)}`);
      }
    }
    for (const { names, description, value } of command.options) {
      const spelled = names.map((name) =>
        name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
      );
      const takes = value === undefined ? '' : ` ${candidates(program.name, value, path, true)}`;
      lines.push(
        `complete -c ${program.name} ${here} ${spelled.join(' ')} -d ${fishQuoted(description)}${takes}`,
      );
    }
    for (const { value } of command.arguments) {
      const given = candidates(program.name, value, path, false);
      if (given !== '') lines.push(`complete -c ${program.name} ${here} ${given}`);
    }
  }
  return `# fish completion of ${program.name}; generated, see packaging/completions

# Whether the commands on the line are these: exactly, or with more behind them.
function ${at} -a mode
    set -l wanted $argv[2..]
    set -l given
    set -l skip no
    for word in (commandline -opc)[2..]
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case ${values.length === 0 ? "''" : values.join(' ')}
                set skip yes
            case '-*'
            case '*'
                set -a given $word
        end
    end
    set -l count (count $wanted)
    test (count $given) -ge $count; or return 1
    if test $mode = exactly
        test (count $given) -eq $count; or return 1
    end
    test $count -eq 0; or test "$given[1..$count]" = "$wanted"
end

# The --root that was given, with its value.
function ${at}_root
    set -l words (commandline -opc)
    for i in (seq (count $words))
        switch $words[$i]
            case --root
                test $i -lt (count $words); and printf '%s\\n' --root $words[(math $i + 1)]
            case '--root=*'
                printf '%s\\n' $words[$i]
        end
    end
end

# The extensions in the store.
function _${identifier(program.name)}_extensions -a class
    ${program.name} (${at}_root) $class list --json 2>/dev/null | ${NAMES_FROM_JSON}
end

complete -c ${program.name} -f
${lines.join('\n')}
`;
}

/** The arguments of complete that say what a value can be. */
function candidates(program: string, value: Value, path: readonly string[], isOption: boolean): string {
  const required = isOption ? '-r ' : '';
  switch (value.kind) {
    case 'words':
      return `-x -a ${fishQuoted(value.words.join(' '))}`;
    case 'file':
      return isOption ? '-r -F' : '-F';
    case 'directory':
      return `${required}-f -a '(__fish_complete_directories)'`;
    case 'extension':
      return `-f -a '(_${identifier(program)}_extensions ${path[0]})'`;
    case 'source':
      return `-F -a ${fishQuoted(SOURCE_PREFIXES.join(' '))}`;
    case 'uri':
      return `-f -a ${fishQuoted(URI_PREFIXES.join(' '))}`;
    case 'other':
      return isOption ? '-x' : '';
  }
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
