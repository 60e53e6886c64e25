import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';
import type { Source } from '../source.ts';
import { parseIndex } from './documents.ts';
import { openImage } from './image.ts';
import type { OciLayout } from './layout-store.ts';

/** The annotation by which a layout names its images (OCI image specification, annotations.md). */
const REF_NAME = 'org.opencontainers.image.ref.name';

/**
 * Opens an image of an OCI layout: the one of that tag, or the only one. Takes the layout over: the source closes it.
 *
 * Throws a SourceError `not-found` that lists the tags there are.
 */
export async function openLayoutImage(
  layout: OciLayout,
  tag: string | undefined,
  options: { readonly architecture: string; readonly signal?: AbortSignal },
): Promise<Source> {
  const { description: where, store, close } = layout;
  const description = tag === undefined ? where : `${where}:${tag}`;
  let root: Uint8Array;
  try {
    root = imagesOfTag(layout, tag, description);
  } catch (error) {
    await close();
    throw error;
  }
  return openImage(store, { bytes: root, mediaType: undefined }, { description, close, ...options });
}

/** The layout's index with the images of one tag only: several, where a tag stands for several platforms. */
function imagesOfTag(
  { index, description: where }: OciLayout,
  tag: string | undefined,
  description: string,
): Uint8Array {
  const { manifests } = parseIndex(index, `the index of ${where}`);
  const tagged = manifests.filter(({ annotations }) => tag === undefined || annotations?.[REF_NAME] === tag);
  const tags = [...new Set(manifests.map(({ annotations }) => annotations?.[REF_NAME] ?? ''))];
  const shown = tags.slice(0, 20).map((name) => (name === '' ? 'one without a tag' : escapeControls(name)));
  if (tagged.length === 0) {
    const has = shown.length === 0 ? 'none' : shown.join(', ');
    throw new SourceError('not-found', `${description}: the layout has no such image; it has: ${has}`);
  }
  if (tag === undefined && tags.length > 1) {
    throw new SourceError('bad-reference', `${where} has several images: ${shown.join(', ')}`, {
      hint: `name one of them: ${where}:TAG`,
    });
  }
  return Buffer.from(JSON.stringify({ manifests: tagged }));
}
