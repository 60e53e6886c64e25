import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { saveInput } from '../../fuzz/engine/corpus.ts';
import { type FuzzReport, fuzzTarget, judgeAlone } from '../../fuzz/engine/supervise.ts';
import type { TargetModule } from '../../fuzz/engine/target.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fuzz-test-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function planted(name: string): TargetModule {
  return { name, url: new URL(`./planted/${name}.ts`, import.meta.url).href };
}

/** A limit of executions ends each of these; the seconds are only for a test that fails. */
function fuzz(name: string, runs: number): Promise<FuzzReport> {
  const corpus = join(directory, 'corpus');
  return fuzzTarget(planted(name), {
    seed: 1,
    seconds: 120,
    runs,
    corpus,
    findings: join(directory, 'findings'),
  });
}

describe('the fuzzer', () => {
  it.each([
    ['magic', 'TypeError: planted', 20_000],
    ['length', 'RangeError', 5_000],
  ])('finds an error behind a %s and saves a small input', async (name, text, runs) => {
    const { findings } = await fuzz(name, runs);
    expect(findings).toMatchObject([{ kind: 'error', text: expect.stringContaining(text) }]);
    const { file } = findings[0]!;
    expect(readFileSync(file).length).toBeLessThanOrEqual(16);
    expect(await judgeAlone(planted(name), file)).toMatchObject({ outcome: { kind: 'failed' } });
  });

  it('finds nothing where there is nothing, in as many runs as were asked for', async () => {
    const { findings, runs, inputs, blocks } = await fuzz('sound', 3000);
    expect(findings).toEqual([]);
    expect(runs).toBeGreaterThanOrEqual(3000);
    // Both ends were reached.
    expect(inputs).toBeGreaterThan(1);
    expect(blocks).toBeGreaterThan(1);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('does the same for the same seed', async () => {
    const first = await fuzz('length', 2000);
    const second = await fuzz('length', 2000);
    expect({ ...second, seconds: 0 }).toEqual({ ...first, seconds: 0 });
  });

  it('runs the inputs of the corpus first', async () => {
    const input = saveInput(
      join(directory, 'corpus'),
      Uint8Array.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0x0d, 0xf0, 0xad, 0x8b, 0, 0, 0, 0]),
    );
    const { findings } = await fuzz('magic', 1);
    expect(findings).toMatchObject([{ kind: 'error', file: input }]);
  });

  it('tells a target that cannot be loaded from one that fails', async () => {
    await expect(fuzz('absent', 1)).rejects.toThrow('cannot be run');
  });
});
