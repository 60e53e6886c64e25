import { expect, test } from 'vitest';
import { kernelArguments } from '../../src/boot/kernel-arguments.ts';

test.each([
  ['root=LABEL=COS_ACTIVE quiet', undefined],
  ['systemd.sysext=0', 'systemd.sysext=0'],
  ['kairos.sysext=off', 'kairos.sysext=off'],
  ['quiet kairos.sysext=False splash', 'kairos.sysext=False'],
  ['kairos.sysext=1', undefined],
  ['kairos.sysext', undefined],
  ['kairos.sysext=', undefined],
  ['kairos.sysext=0 kairos.sysext=1', undefined],
  ['kairos.sysext=1 kairos.sysext=0', 'kairos.sysext=0'],
  ['kairos.sysext=1 systemd.sysext=no', 'systemd.sysext=no'],
  ['xkairos.sysext=0', undefined],
  ['rd.systemd.sysext=0', undefined],
])('%s turns extensions off: %s', (commandLine, disabledBy) => {
  expect(kernelArguments(commandLine).disabledBy).toBe(disabledBy);
});

test.each([
  ['rd.immucore.debug', true],
  ['rd.immucore.debug=1', true],
  ['rd.immucore.debug=0', false],
  ['rd.immucore', false],
])('%s asks for a longer log: %s', (commandLine, isDebug) => {
  expect(kernelArguments(commandLine).isDebug).toBe(isDebug);
});
