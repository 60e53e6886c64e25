import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ArgumentDescription, CommandDescription, OptionDescription } from './command-tree.ts';

/** Programs that anybody runs, not only who administers a machine. */
const SECTION_1: readonly string[] = ['auroraboot'];
const SECTION_TITLES = { 1: 'User Commands', 8: 'System Administration' } as const;

/** Exit statuses that every command has. */
const EXIT_STATUS = [
  ['0', 'Done.'],
  ['1', 'Failed.'],
  ['2', 'The command line is wrong.'],
  ['3', 'An image was refused.'],
  ['4', 'There is no such extension, image or source.'],
] as const;

interface Page {
  readonly name: string;
  readonly section: 1 | 8;
  readonly text: string;
}

/** Writes the man pages: one of each program, and one of each command under it. */
export function writeManPages(directory: string, programs: readonly CommandDescription[]): void {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  for (const { name, section, text } of programs.flatMap((program) => manPages(program, version))) {
    mkdirSync(join(directory, `man${section}`), { recursive: true });
    writeFileSync(join(directory, `man${section}`, `${name}.${section}`), text);
  }
}

/** The pages of a program, in the language of man(7). */
export function manPages(program: CommandDescription, version: string): Page[] {
  const section = SECTION_1.includes(program.name) ? 1 : 8;
  const pageName = (child: CommandDescription): string => `${program.name}-${child.name}`;
  const page = (name: string, description: string, body: readonly string[]): Page => {
    const title = [name.toUpperCase(), `${section}`, '', `kairos-sysext ${version}`, SECTION_TITLES[section]];
    const lines = [
      `.TH ${title.map((text) => `"${escaped(text)}"`).join(' ')}`,
      '.SH NAME',
      `${escaped(name)} \\- ${escaped(summary(description))}`,
      ...body,
    ];
    // A heading begins a paragraph by itself.
    const text = `${lines.join('\n')}\n`.replace(/^(\.SH .*\n)\.PP\n/gm, '$1');
    return { name, section, text };
  };
  const references = (names: readonly string[]): string[] => [
    '.SH SEE ALSO',
    names.map((name) => `.BR ${escaped(name)} (${section})`).join(' ,\n'),
  ];
  const children = program.commands;
  const main = page(program.name, program.description, [
    ...commandLines(program, [program.name]),
    ...exitStatus(),
    ...(children.length === 0 ? [] : references(children.map(pageName))),
  ]);
  return [
    main,
    ...children.map((child) =>
      page(pageName(child), child.description, [
        ...commandLines(child, [program.name, child.name]),
        ...child.commands.flatMap((grandchild) => [
          `.SH "${escaped(grandchild.name.toUpperCase())}"`,
          ...synopsis(grandchild, [program.name, child.name, grandchild.name]),
          ...paragraph(grandchild.description),
          ...(grandchild.aliases.length === 0
            ? []
            : paragraph(`Also called ${grandchild.aliases.join(', ')}.`)),
          ...definitions(grandchild),
          ...notes(grandchild.notes),
        ]),
        ...exitStatus(),
        ...references([
          program.name,
          ...children.filter((other) => other !== child).map((other) => pageName(other)),
        ]),
      ]),
    ),
  ];
}

/** Synopsis, description, commands, options and notes of a command that has a page of its own. */
function commandLines(command: CommandDescription, path: readonly string[]): string[] {
  const commands = command.commands.flatMap((child) => [
    '.TP',
    `.B ${escaped(child.name)}`,
    text(child.description),
  ]);
  return [
    '.SH SYNOPSIS',
    ...synopsis(command, path),
    '.SH DESCRIPTION',
    ...paragraph(command.description),
    ...(commands.length === 0 ? [] : ['.SH COMMANDS', ...commands]),
    ...(command.options.length + command.arguments.length === 0
      ? []
      : ['.SH OPTIONS', ...definitions(command)]),
    ...(command.notes === '' ? [] : ['.SH NOTES', ...notes(command.notes)]),
  ];
}

function synopsis(command: CommandDescription, path: readonly string[]): string[] {
  const words = command.arguments.map(argumentText);
  if (command.commands.length > 0) words.push('\\fICOMMAND\\fR \\&...');
  return ['.PP', `.B ${escaped(path.join(' '))}`, ['[\\fIoption\\fR \\&...]', ...words].join(' ')];
}

function argumentText({ name, isRequired, isVariadic }: ArgumentDescription): string {
  const word = `\\fI${escaped(name)}\\fR${isVariadic ? ' \\&...' : ''}`;
  return isRequired ? word : `[${word}]`;
}

function definitions(command: CommandDescription): string[] {
  return [
    ...command.arguments.flatMap((argument) => [
      '.TP',
      `.I ${escaped(argument.name)}`,
      text(sentence(argument.description)),
    ]),
    ...command.options.flatMap((option) => ['.TP', optionTag(option), text(optionText(option))]),
  ];
}

function optionTag({ names, value }: OptionDescription): string {
  const spelled = names.map((name) => `\\fB${escaped(name)}\\fR`).join(', ');
  return value === undefined ? spelled : `${spelled} \\fI${escaped(value.name)}\\fR`;
}

function optionText(option: OptionDescription): string {
  const { description, value } = option;
  const choices = value?.kind === 'words' ? ` One of ${value.words.join(', ')}.` : '';
  const preset = option.default === undefined ? '' : ` Default: ${option.default}`;
  return `${sentence(description)}${choices}${preset}`;
}

/** Notes as the help shows them: paragraphs, and indented lines that stay as they are. A line such as `Example:` is a heading. */
function notes(text_: string): string[] {
  const lines: string[] = [];
  let isLiteral = false;
  for (const line of text_.split('\n')) {
    const isIndented = line.startsWith('  ');
    if (isIndented !== isLiteral) lines.push(isIndented ? '.PP\n.RS 4\n.nf' : '.fi\n.RE');
    isLiteral = isIndented;
    if (line.trim() === '') lines.push('.PP');
    else if (/^\w+:$/.test(line)) lines.push(`.PP\n.B ${escaped(line)}`);
    else lines.push(text(isIndented ? line.slice(2) : line));
  }
  if (isLiteral) lines.push('.fi', '.RE');
  // A paragraph begins once, and not right before what begins one anyway.
  return lines
    .join('\n')
    .replace(/(\.PP\n)+/g, '.PP\n')
    .replace(/\n\.PP$/, '')
    .split('\n');
}

function exitStatus(): string[] {
  return [
    '.SH EXIT STATUS',
    ...EXIT_STATUS.flatMap(([status, meaning]) => ['.TP', `.B ${status}`, text(meaning)]),
  ];
}

function paragraph(words: string): string[] {
  return ['.PP', text(words)];
}

/** The first sentence, without its full stop, as whatis(1) lists it. */
function summary(description: string): string {
  return description.replace(/\.( .*)?$/s, '').replace(/^./, (letter) => letter.toLowerCase());
}

function sentence(words: string): string {
  const begun = words.replace(/^[a-z]/, (letter) => letter.toUpperCase());
  return /[.!?)]$/.test(begun) ? begun : `${begun}.`;
}

/** A line of text: what begins like a request is none. */
function text(line: string): string {
  return escaped(line).replace(/^[.']/, '\\&$&');
}

/** Characters that mean something to troff, or that it would show as others: a hyphen must stay one that can be copied. */
function escaped(line: string): string {
  return line
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('"', '\\(dq')
    .replace(
      /[^\x20-\x7e]/gu,
      (character) => `\\[u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`,
    );
}
