import { escapeControls } from '../base/display.ts';
import type { ImageFinding } from '../image/image-finding.ts';
import type { Verdict } from '../trust/verdict.ts';

const LABEL_WIDTH = 11;

/**
 * A verdict for people: what it is, who signed it and by which key that was accepted, what was looked at, and every
 * finding with its hint, errors first.
 */
export function verdictText(image: string, verdict: Verdict, isQuick: boolean): string {
  const { accepted, name, class: kind, rootHash, signer, acceptedBy, checked, findings } = verdict;
  const lines = [`${image}: ${accepted ? 'accepted' : 'refused'}`];
  const field = (label: string, value: string | undefined): void => {
    if (value !== undefined) lines.push(`  ${label.padEnd(LABEL_WIDTH)} ${escapeControls(value)}`);
  };
  field('extension', name === undefined ? undefined : `${name} (${kind})`);
  field('root hash', rootHash);
  field('signed by', signer && `${signer.subject} (SHA-256 ${signer.fingerprint})`);
  field('trusted by', acceptedBy && `${acceptedBy.source} (SHA-256 ${acceptedBy.fingerprint})`);
  field('checked', `${checked.join(', ')}${isQuick ? ' (quick: not all of the data)' : ''}`);
  const ranks = { error: 0, warning: 1, note: 2 } as const;
  const sorted = findings.toSorted((one, other) => ranks[one.level] - ranks[other.level]);
  return `${[...lines, ...sorted.flatMap(findingLines)].join('\n')}\n`;
}

/** A finding as lines: level, layer and code, the sentence, and what can be done. */
export function findingLines({ level, layer, code, message, hint, subjects }: ImageFinding): string[] {
  const rest = subjects.slice(1).map((subject) => `    ${escapeControls(subject)}`);
  return [
    `  ${level}: ${layer}: ${escapeControls(message)} [${code}]`,
    ...(hint === undefined ? [] : [`    hint: ${escapeControls(hint)}`]),
    ...(level === 'note' ? [] : rest),
  ];
}
