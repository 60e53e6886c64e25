import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fuzzTarget, judgeAlone } from '../../fuzz/engine/supervise.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fuzz-test-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

it.each([
  ['hang', 'hang', 'processor time'],
  ['silence', 'hang', 'never happens'],
  ['memory', 'memory', 'MiB'],
  ['heap', 'memory', 'heap'],
])('the fuzzer finds a planted %s, and its input replays', async (name, kind, text) => {
  const target = { name, url: new URL(`../fuzz/planted/${name}.ts`, import.meta.url).href };
  const options = { seed: 1, seconds: 60, runs: 20_000, corpus: join(directory, 'corpus') };
  const { findings } = await fuzzTarget(target, { ...options, findings: join(directory, 'findings') });
  expect(findings).toMatchObject([{ kind, text: expect.stringContaining(text) }]);
  expect(await judgeAlone(target, findings[0]!.file)).toMatchObject({ kind });
});
