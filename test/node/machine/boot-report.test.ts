import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeHost } from '../../../src/node/host/node-host.ts';
import { readBootReport } from '../../../src/node/machine/boot-report.ts';

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'report-'));
  fs.mkdirSync(join(root, 'run/immucore'), { recursive: true });
});
afterEach(() => fs.rmSync(root, { recursive: true }));
const path = () => join(root, 'run/immucore/extensions.json');
const read = (content: string) => {
  fs.writeFileSync(path(), content);
  return readBootReport(nodeHost({ root, environment: {} }));
};

const REPORT = {
  version: 1,
  time: '2027-01-01T00:00:00.000Z',
  milliseconds: 80,
  boot: { state: 'active', reason: 'x', uki: false, inRam: false, trustedBoot: false, profiles: ['active'] },
  disabledBy: null,
  systemd: 257,
  signatures: { required: false, reason: 'x' },
  timeLimit: 60,
  certificates: [],
  migrated: [],
  extensions: [],
  problems: [],
};

test('a report is read, also one that says more', () => {
  expect(read(JSON.stringify(REPORT))).toEqual(REPORT);
  expect(read(JSON.stringify({ ...REPORT, more: 1 }))).toEqual(REPORT);
});

test('where there is none, there is none', () => {
  expect(readBootReport(nodeHost({ root, environment: {} }))).toBeUndefined();
  fs.mkdirSync(path());
  expect(readBootReport(nodeHost({ root, environment: {} }))).toBeUndefined();
});

test.each(['', '{', '[]', 'null', '{"version":1}', '0'.repeat(9_000_000), '\xff'])(
  'what is no report is none (%#)',
  (content) => {
    expect(read(content)).toBeUndefined();
  },
);

test('another version, or another form of any part, is none', () => {
  expect(read(JSON.stringify({ ...REPORT, version: 2 }))).toBeUndefined();
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(REPORT)), fc.jsonValue(), (key, value) => {
      const report = read(JSON.stringify({ ...REPORT, [key]: value }));
      if (report !== undefined) expect(typeof report.boot.state).toBe('string');
    }),
  );
});
