import { relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCorpus } from '../../fuzz/engine/corpus.ts';
import { judge } from '../../fuzz/engine/judge.ts';
import { loadTarget } from '../../fuzz/engine/target.ts';
import { corpusOf, targets } from '../../fuzz/targets.ts';

describe.each(targets)('the reader of $name', ({ name, url }) => {
  it('reads or refuses what it begins with, and repairs it to itself', async () => {
    const target = await loadTarget({ name, url });
    const seeds = [...(await target.seeds())];
    expect(seeds.length).toBeGreaterThan(0);
    const outcomes: string[] = [];
    for (const seed of seeds) {
      const repaired = seed.slice();
      target.repair?.(repaired);
      expect(Buffer.compare(repaired, seed)).toBe(0);
      const outcome = await judge(target, seed);
      outcomes.push(outcome.kind === 'failed' ? outcome.text : outcome.kind);
    }
    expect(outcomes).toContain('value');
    expect(outcomes.filter((outcome) => outcome !== 'value' && outcome !== 'refused')).toEqual([]);
  });

  const corpus = readCorpus(corpusOf(name)).map((entry) => ({ ...entry, file: relative('.', entry.path) }));
  it.each(corpus)('survives $file, which it once did not', async ({ input }) => {
    const outcome = await judge(await loadTarget({ name, url }), input);
    expect(outcome.kind === 'failed' ? outcome.text : outcome.kind).toMatch(/^(value|refused)$/);
  });
});
