import type { ByteString } from '../base/byte-string.ts';
import { displayName } from '../base/display.ts';
import { SUBJECTS_MAX } from '../base/finding.ts';
import type { Finding } from './finding.ts';

/** Gathers what is to be reported while layers are read; a million left-out entries cost no more than twenty. */
export class FindingCollector {
  readonly #subjects = new Map<Finding['code'], { count: number; first: Set<string> }>();
  readonly #topDirectories = new Map<ByteString, number>();
  readonly #single: Finding[] = [];

  /** Counts a path under a code. */
  count(code: Finding['code'], subject: string): void {
    const entry = this.#subjects.get(code) ?? { count: 0, first: new Set() };
    entry.count += 1;
    if (entry.first.size < SUBJECTS_MAX) entry.first.add(subject);
    this.#subjects.set(code, entry);
  }

  /** Counts an entry outside the hierarchies under its top directory. */
  countOutside(components: readonly ByteString[]): void {
    const top = components[0]!;
    if (this.#topDirectories.size < 1000 || this.#topDirectories.has(top)) {
      this.#topDirectories.set(top, (this.#topDirectories.get(top) ?? 0) + 1);
    }
    this.count('outside-hierarchies', displayName(components.join('/')));
  }

  /** Adds a finding that is complete in itself. */
  add(finding: Finding): void {
    this.#single.push(finding);
  }

  /** Everything found, in a fixed order. `hierarchies` is what the extension may hold, for the sentences. */
  all(hierarchies: readonly string[]): Finding[] {
    const sentences: [Finding['code'], Finding['level'], (count: number) => string][] = [
      [
        'outside-hierarchies',
        'warning',
        (count) =>
          `${plural(count, 'entry', 'entries')} outside ${hierarchies.map((name) => `/${name}`).join(' and ')} left out: ${this.#outsideCounts()}`,
      ],
      [
        'whiteouts-dropped',
        'note',
        (count) =>
          `${plural(count, 'whiteout')} acted on the layers taken and then dropped; files of the host stay visible`,
      ],
      [
        'shared-directory',
        'note',
        (count) =>
          `${plural(count, 'directory', 'directories')} that hosts have too set to 0755 root:root, as the image's mode would replace the host's`,
      ],
      [
        'hides-directory',
        'warning',
        (count) =>
          `${plural(count, 'entry', 'entries')} that is no directory where hosts often have one, which it would hide`,
      ],
      [
        'foreign-owner',
        'warning',
        (count) =>
          `${plural(count, 'entry', 'entries')} owned by users or groups from 1000 on, who are somebody else on the host`,
      ],
      [
        'attribute-dropped',
        'warning',
        (count) => `${plural(count, 'extended attribute')} that EROFS cannot hold left out`,
      ],
    ];
    const counted = sentences.flatMap(([code, level, sentence]) => {
      const entry = this.#subjects.get(code);
      if (entry === undefined) return [];
      return [{ code, level, message: sentence(entry.count), subjects: [...entry.first] }];
    });
    return [...counted, ...this.#single];
  }

  #outsideCounts(): string {
    const sorted = [...this.#topDirectories].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    const shown = sorted.slice(0, 5).map(([name, count]) => `${displayName(name)} (${count})`);
    return sorted.length > 5 ? `${shown.join(', ')} and more` : shown.join(', ');
  }
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
