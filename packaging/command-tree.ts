import type { Argument, Command, Option } from 'commander';
import { PROGRAMS } from '../src/cli/programs.ts';
import { commandTree } from '../src/cli/run-program.ts';
import { processTerminal } from '../src/cli/terminal.ts';

/** What can be completed: by kind, or one of some words. */
export type Value =
  | { readonly kind: 'file' | 'directory' | 'extension' | 'source' | 'uri' | 'other' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

/** An option as the command line takes it. */
export interface OptionDescription {
  /** Such as `-h` and `--help`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined for a flag. `name` stands for the value in texts, such as `FILE`. */
  readonly value: (Value & { readonly name: string }) | undefined;
  /** The default, as text. */
  readonly default: string | undefined;
}

/** A positional argument. */
export interface ArgumentDescription {
  readonly name: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly isVariadic: boolean;
  readonly value: Value;
}

/** A command, which has arguments or commands of its own. */
export interface CommandDescription {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly description: string;
  readonly arguments: readonly ArgumentDescription[];
  readonly options: readonly OptionDescription[];
  readonly commands: readonly CommandDescription[];
  /** What the help shows after all that: notes and examples. */
  readonly notes: string;
}

/** The programs that there are, as completions and man pages describe them. What the help hides is left out. */
export async function describePrograms(): Promise<CommandDescription[]> {
  const invocation = {
    terminal: processTerminal({ NO_COLOR: '1' }),
    signal: new AbortController().signal,
    environment: {},
    exitStatus: 0,
  };
  const programs = await Promise.all(Object.values(PROGRAMS).map((load) => load()));
  return programs.map((program) => describe(commandTree(program, invocation)));
}

function describe(command: Command): CommandDescription {
  const help = command.createHelp();
  return {
    name: command.name(),
    aliases: command.aliases(),
    description: command.description(),
    arguments: command.registeredArguments.map(describeArgument),
    options: help.visibleOptions(command).map(describeOption),
    commands: help.visibleCommands(command).map(describe),
    notes: notesOf(command),
  };
}

function describeArgument(argument: Argument): ArgumentDescription {
  const name = argument.name();
  return {
    name,
    description: argument.description,
    isRequired: argument.required,
    isVariadic: argument.variadic,
    value: valueBehind(name, argument.description, argument.argChoices),
  };
}

function describeOption(option: Option): OptionDescription {
  const [, name] = /[<[]([^>\].]+)/.exec(option.flags) ?? [];
  return {
    names: [option.short, option.long].filter((text): text is string => typeof text === 'string'),
    description: option.description,
    value:
      name === undefined ? undefined : { ...valueBehind(name, option.description, option.argChoices), name },
    default: typeof option.defaultValue === 'string' ? option.defaultValue : undefined,
  };
}

/** What a value is, by the word that stands for it. */
function valueBehind(name: string, description: string, choices: readonly string[] | undefined): Value {
  if (choices !== undefined) return { kind: 'words', words: choices };
  if (name === 'DIR') return { kind: 'directory' };
  if (name === 'SOURCE') return { kind: 'source' };
  if (name === 'URI') return { kind: 'uri' };
  if (name === 'FILE' || name === 'IMAGE') return { kind: description.includes('name') ? 'other' : 'file' };
  return { kind: name === 'NAME' && /extension$/.test(description) ? 'extension' : 'other' };
}

/** What addHelpText put behind the help. */
function notesOf(command: Command): string {
  let shown = '';
  const write = (text: string): void => {
    shown += text;
  };
  command.configureOutput({ writeOut: write });
  command.outputHelp();
  return shown.slice(command.helpInformation().length).trim();
}
