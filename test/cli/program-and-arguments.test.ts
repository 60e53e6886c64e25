import { expect, it } from 'vitest';
import { programAndArguments } from '../../src/cli/program-and-arguments.ts';

const NAMES = ['auroraboot', 'kairos-agent'];

it('take the program from the name that the executable was called by', () => {
  for (const calledBy of ['auroraboot', '/usr/local/bin/auroraboot', './auroraboot']) {
    expect(programAndArguments(calledBy, ['kairos-agent', 'x'], NAMES)).toEqual([
      'auroraboot',
      'kairos-agent',
      'x',
    ]);
  }
});

it('take it from the first argument where that name is none', () => {
  for (const calledBy of [
    undefined,
    '',
    'kairos-sysext',
    '/opt/kairos-sysext-linux-x64',
    'constructor',
    '-sh',
  ]) {
    expect(programAndArguments(calledBy, ['auroraboot', '--version'], NAMES)).toEqual([
      'auroraboot',
      '--version',
    ]);
    expect(programAndArguments(calledBy, [], NAMES)).toEqual([]);
  }
});
