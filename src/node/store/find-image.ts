import type { ByteString } from '../../base/byte-string.ts';
import { decodeUtf8, displayName } from '../../base/display.ts';
import { extensionNameOf } from '../../image/extension/image-name.ts';
import type { ExtensionKind } from '../../image/extension/kind.ts';
import { NodeError } from '../error.ts';

/** Characters of a pattern: far more than names have, few enough that matching never takes long. */
const PATTERN_MAX = 256;

/**
 * The one image that a person means by a name: that of the file or extension of exactly this name, else the only one that the
 * name matches as a regular expression.
 *
 * @param fileNames Those that may be meant.
 * @param name As UTF-8.
 * @throws NodeError ('not-found'; 'ambiguous', which lists them; 'bad-name').
 */
export function findImage(
  fileNames: readonly ByteString[],
  name: ByteString,
  kind: ExtensionKind,
): ByteString {
  const shown = displayName(name);
  // As a pattern it would fit everything: an unset variable of a script must not remove the only extension.
  if (name === '') {
    throw new NodeError('bad-name', 'the name is empty, which means no extension', {
      hint: `kairos-agent ${kind.name} list shows those that are there`,
    });
  }
  const byFile = fileNames.filter((fileName) => fileName === name);
  const byName = fileNames.filter((fileName) => extensionNameOf(fileName, kind) === name);
  const exact = byFile.length > 0 ? byFile : byName;
  const found = exact.length > 0 ? exact : matching(fileNames, name);
  const [only] = found;
  if (only === undefined) {
    throw new NodeError('not-found', `there is no ${kind.name} '${shown}' in the store`, {
      hint:
        fileNames.length === 0
          ? `the store is empty: kairos-agent ${kind.name} download brings an image`
          : `kairos-agent ${kind.name} list shows those that are there`,
    });
  }
  if (found.length === 1) return only;
  const names = found.map(displayName).join(', ');
  throw new NodeError('ambiguous', `'${shown}' fits ${found.length} extensions: ${names}`, {
    hint: 'give the whole name of the one that is meant',
  });
}

function matching(fileNames: readonly ByteString[], name: ByteString): ByteString[] {
  const text = decodeUtf8(name);
  if (text === undefined || text.length > PATTERN_MAX) return [];
  let pattern: RegExp;
  try {
    pattern = new RegExp(text, 'u');
  } catch (cause) {
    throw new NodeError(
      'bad-name',
      `'${displayName(name)}' is no extension's name, and no regular expression`,
      {
        cause,
        hint: (cause as Error).message,
      },
    );
  }
  return fileNames.filter((fileName) => pattern.test(decodeUtf8(fileName) ?? fileName));
}
