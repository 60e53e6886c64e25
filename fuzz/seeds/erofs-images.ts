import { attributes, directory, TestImage } from '../../test/image/erofs/build-image.ts';

/** Small images of our own writer: next to nothing, and one of every kind of inode with attributes. */
export async function ownErofsImages(): Promise<Uint8Array[]> {
  const empty = new TestImage();
  await empty.finish(directory());
  const full = new TestImage();
  const xattrs = new Map([
    ['security.selinux', Uint8Array.from([1, 2, 3])],
    ['user.a', new Uint8Array(300).fill(7)],
  ]);
  await full.finish(
    directory([
      ['dir', directory([['nested', directory()]], { xattrs })],
      ['link', { type: 'symlink', ...attributes(), target: 'dir/nested' }],
      ['null', { type: 'character-device', ...attributes(), major: 1, minor: 3 }],
      ['fifo', { type: 'fifo', ...attributes() }],
      ['small', await full.file('content', { xattrs })],
      ['block', await full.file('x'.repeat(5000))],
    ]),
  );
  return [empty, full].map((image) => image.sink.bytes().slice());
}
