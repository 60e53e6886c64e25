import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeHost } from '../../../src/node/host/node-host.ts';
import { bootOf, loadedProfiles } from '../../../src/node/machine/boot-state.ts';
import { readBoot, readTrustedBoot } from '../../../src/node/machine/read-boot.ts';

const UKI = 'console=ttyS0 rd.immucore.uki';

describe('the boot state', () => {
  test.each([
    ['root=LABEL=COS_ACTIVE cos-img/filename=/cOS/active.img', 'active'],
    ['root=LABEL=COS_PASSIVE', 'passive'],
    ['root=LABEL=COS_RECOVERY', 'recovery'],
    ['root=LABEL=COS_SYSTEM', 'recovery'],
    ['recovery-mode', 'recovery'],
    ['root=LABEL=COS_RECOVERY kairos.reset', 'autoreset'],
    ['root=live:LABEL=COS_LIVE', 'livecd'],
    ['root=live:CDLABEL=COS_LIVE', 'livecd'],
    ['netboot', 'livecd'],
    ['root=/dev/sda1', 'unknown'],
    ['', 'unknown'],
    ['kairos.ram root=LABEL=COS_RECOVERY', 'active'],
    ['kairos.ram.size=2G kairos.reset', 'active'],
    ['kairos.ram=1', 'active'],
    ['kairos.ramdisk root=LABEL=COS_PASSIVE', 'passive'],
  ])('of %j is %s', (commandLine, state) => {
    expect(bootOf({ commandLine, loaderPartition: undefined, loaderEntry: undefined }).state).toBe(state);
  });

  test.each([
    ['active.conf', 'active'],
    ['active+3.conf', 'active'],
    ['active+2-1.conf', 'active'],
    ['passive.conf', 'passive'],
    ['recovery.conf', 'recovery'],
    ['statereset.conf', 'autoreset'],
    ['other.conf', 'unknown'],
    ['active.efi', 'unknown'],
    [undefined, 'unknown'],
  ])('of a unified kernel image with the entry %s is %s', (loaderEntry, state) => {
    const boot = bootOf({ commandLine: `${UKI} COS_PASSIVE`, loaderPartition: 'uuid', loaderEntry });
    expect(boot).toMatchObject({ state, isUki: true });
  });

  test.each([undefined, ''])(
    'of a unified kernel image from no partition (%j) is livecd',
    (loaderPartition) => {
      expect(bootOf({ commandLine: UKI, loaderPartition, loaderEntry: 'active.conf' }).state).toBe('livecd');
    },
  );

  test('says which profiles are loaded', () => {
    expect(loadedProfiles('active')).toEqual(['active', 'common']);
    expect(loadedProfiles('autoreset')).toEqual(['recovery', 'common']);
    expect(loadedProfiles('livecd')).toEqual([]);
    expect(loadedProfiles('unknown')).toEqual([]);
  });
});

describe('on a machine', () => {
  let root: string;
  beforeEach(() => {
    root = fs.mkdtempSync(join(tmpdir(), 'boot-'));
  });
  afterEach(() => fs.rmSync(root, { recursive: true }));
  const host = () => nodeHost({ root, environment: {} });
  function write(path: string, content: string | Buffer): void {
    fs.mkdirSync(join(root, path, '..'), { recursive: true });
    fs.writeFileSync(join(root, path), content);
  }
  const variable = (text: string): Buffer =>
    Buffer.concat([Buffer.alloc(4), Buffer.from(`${text}\0`, 'utf16le')]);
  const LOADER = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';
  const EFIVARS = 'sys/firmware/efi/efivars';

  test('the sentinels of the boot stage win over the command line', () => {
    write('proc/cmdline', 'root=LABEL=COS_ACTIVE\n');
    expect(readBoot(host()).state).toBe('active');
    write('run/cos/recovery_mode', '1');
    expect(readBoot(host())).toMatchObject({ state: 'recovery', reason: 'there is /run/cos/recovery_mode' });
  });

  test('the variables of the boot loader are read', () => {
    write('proc/cmdline', UKI);
    write(`${EFIVARS}/LoaderDevicePartUUID-${LOADER}`, variable('0f'));
    write(`${EFIVARS}/LoaderEntrySelected-${LOADER}`, variable('passive+1.conf'));
    expect(readBoot(host())).toMatchObject({ state: 'passive', isUki: true });
  });

  test('a unified kernel image is Trusted Boot, also where the firmware cannot be asked', async () => {
    write('proc/cmdline', 'root=LABEL=COS_ACTIVE\n');
    expect(await readTrustedBoot(host(), readBoot(host()))).toMatchObject({ isTrustedBoot: false });
    write('proc/cmdline', UKI);
    expect(await readTrustedBoot(host(), readBoot(host()))).toMatchObject({ isTrustedBoot: true });
    write(`${EFIVARS}/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c`, Buffer.alloc(3));
    expect(await readTrustedBoot(host(), readBoot(host()))).toMatchObject({ isTrustedBoot: true });
  });
});
