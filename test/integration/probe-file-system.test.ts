import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probeFileSystem } from '../../src/image/probe-file-system.ts';
import { withFileSource } from '../support/file-source.ts';
import { mustRun, runCommand } from '../support/run-command.ts';

const UUID = '8d7d5c3e-3f3a-4d6e-9a55-0123456789ab';
const luks = (type: string, size: string): string =>
  `truncate -s ${size} image
   printf password | cryptsetup luksFormat --batch-mode --type ${type} --uuid ${UUID} --pbkdf pbkdf2 --pbkdf-force-iterations 1000 image -`;

/** What libblkid finds in images, and a shell script that makes each `image`. */
const images: readonly (readonly [name: string, type: string | undefined, script: string])[] = [
  [
    'ext2, its label with a space',
    'ext2',
    `truncate -s 4M image; mkfs.ext2 -q -U ${UUID} -L 'ext two' image`,
  ],
  ['ext3', 'ext3', `truncate -s 8M image; mkfs.ext3 -q -U ${UUID} -L three image`],
  ['ext4', 'ext4', `truncate -s 8M image; mkfs.ext4 -q -U ${UUID} image`],
  [
    'ext4 without a journal',
    'ext4',
    `truncate -s 4M image; mkfs.ext4 -q -U ${UUID} -O ^has_journal -L ünï image`,
  ],
  ['an external journal', undefined, `truncate -s 8M image; mkfs.ext4 -q -O journal_dev image`],
  ['btrfs', 'btrfs', `truncate -s 120M image; mkfs.btrfs -q -U ${UUID} -L 'b t r' image`],
  ['xfs', 'xfs', `truncate -s 320M image; mkfs.xfs -q -m uuid=${UUID} -L xlabel image`],
  ['f2fs', 'f2fs', `truncate -s 64M image; mkfs.f2fs -q -U ${UUID} -l föö image`],
  ['FAT12 on a floppy', 'vfat', 'truncate -s 1M image; mkfs.vfat -i 12345678 -n FATTWELVE image'],
  ['FAT12 without a label', 'vfat', 'truncate -s 2M image; mkfs.vfat -F 12 -i 00000000 image'],
  ['FAT16', 'vfat', `truncate -s 16M image; mkfs.vfat -F 16 -i abcdef01 -n 'A B' image`],
  ['FAT32', 'vfat', 'truncate -s 64M image; mkfs.vfat -F 32 -i 0badcafe -n THIRTYTWO image'],
  ['FAT with sectors of 4096 bytes', 'vfat', 'truncate -s 64M image; mkfs.vfat -S 4096 -i 0badcafe image'],
  ['swap', 'swap', `truncate -s 1M image; mkswap -q -U ${UUID} -L swappy image`],
  [
    'swap of a machine with larger pages',
    'swap',
    `truncate -s 4M image; mkswap -q -p 65536 -U ${UUID} image`,
  ],
  ['LUKS1', 'crypto_LUKS', luks('luks1', '4M')],
  ['LUKS2', 'crypto_LUKS', `${luks('luks2', '20M')}; cryptsetup config --label secret image`],
  ['a hash tree', 'DM_verity_hash', `truncate -s 64K data; veritysetup format --uuid ${UUID} data image`],
  ['iso9660', 'iso9660', 'mkdir d; genisoimage -quiet -V LABEL -o image d'],
  ['iso9660 with Joliet', 'iso9660', 'mkdir d; genisoimage -quiet -J -r -V LABEL -o image d'],
  ['erofs', 'erofs', `mkdir d; mkfs.erofs -U ${UUID} image d`],
  ['squashfs', 'squashfs', 'mkdir d; mksquashfs d image -quiet -no-progress'],
  [
    'squashfs 3 of a big-endian machine',
    'squashfs3',
    `printf sqsh >image; truncate -s 2M image; printf '\\0\\3' | dd of=image bs=1 seek=28 conv=notrunc`,
  ],
  [
    'squashfs 3',
    'squashfs3',
    `printf hsqs >image; truncate -s 2M image; printf '\\3\\0' | dd of=image bs=1 seek=28 conv=notrunc`,
  ],
  [
    'ext4 below a hash tree',
    'DM_verity_hash',
    `truncate -s 8M image; mkfs.ext4 -q image; truncate -s 64K data; veritysetup format --uuid ${UUID} data tree; dd if=tree of=image bs=512 count=1 conv=notrunc`,
  ],
  [
    'ext4 below a squashfs',
    'ambiguous',
    `truncate -s 8M image; mkfs.ext4 -q image; mkdir d; mksquashfs d s -quiet -no-progress; dd if=s of=image bs=96 count=1 conv=notrunc`,
  ],
  [
    'swap and squashfs on a floppy',
    'swap',
    `truncate -s 1M image; mkswap -q -U ${UUID} image; mkdir d; mksquashfs d s -quiet -no-progress; dd if=s of=image bs=96 count=1 conv=notrunc`,
  ],
  [
    'iso9660 and squashfs',
    'ambiguous',
    `mkdir d; genisoimage -quiet -V LABEL -o image d; truncate -s 4M image; mksquashfs d s -quiet -no-progress; dd if=s of=image bs=96 count=1 conv=notrunc`,
  ],
  ['zeros', undefined, 'truncate -s 2M image'],
  ['noise', undefined, 'head -c 2M /dev/urandom >image'],
  [
    'a squashfs of 1 KiB, which libblkid does not look at',
    undefined,
    `printf hsqs >image; truncate -s 1K image`,
  ],
];

describe('a file system is recognised as libblkid does', () => {
  let work: string;
  beforeAll(async () => {
    work = await mkdtemp('/var/tmp/kairos-sysext-probe-');
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  test.each(images)('%s: %s', async (_, type, script) => {
    await mustRun('sh', ['-euc', 'rm -rf image data tree d s; { eval "$1"; } >log 2>&1', 'sh', script], {
      cwd: work,
    });
    const image = join(work, 'image');
    const found = await withFileSource(image, ours);
    expect(found?.type).toBe(type);
    expect(found).toEqual(await libblkid(image));
  });
});

interface Probed {
  readonly type: string;
  readonly uuid?: string | undefined;
  readonly label?: string | undefined;
}

async function ours(source: Parameters<typeof probeFileSystem>[0]): Promise<Probed | undefined> {
  try {
    const found = await probeFileSystem(source);
    return found && { type: found.type, uuid: found.uuid, label: found.label };
  } catch (error) {
    expect(error).toMatchObject({ code: 'malformed' });
    return { type: 'ambiguous' };
  }
}

/** What libblkid says of those types that are looked for here. */
async function libblkid(image: string): Promise<Probed | undefined> {
  const tag = async (name: string): Promise<string | undefined> => {
    const options = [
      '--probe',
      '--usages',
      'filesystem,raid,crypto,other',
      '--output',
      'value',
      '--match-tag',
    ];
    const { status, stdout } = await runCommand('blkid', [...options, name, image]);
    if (status === 8) return 'ambiguous';
    return stdout === '' ? undefined : stdout.replace(/\n$/, '');
  };
  const type = await tag('TYPE');
  if (type === 'ambiguous') return { type };
  return type === undefined || type === 'jbd'
    ? undefined
    : { type, uuid: await tag('UUID'), label: await tag('LABEL') };
}
