const TITLE = [
  '# Results of `npm run bench`',
  '',
  'Both sides run in turn after one warm-up; times are medians with the range. The ratio is the median of the pairs, above 1',
  'means that this project is faster.',
  '',
].join('\n');

/** The page of results with some sections measured anew; the others stay as they are. A section begins with its heading. */
export function withSections(page: string, sections: readonly string[]): string {
  const all = new Map<string, string>();
  const [, ...former] = page.split(/^(?=## )/m);
  for (const section of [...former, ...sections]) {
    all.set(section.slice(0, section.indexOf('\n')), `${section.trimEnd()}\n`);
  }
  return [TITLE, ...all.values()].join('\n');
}
