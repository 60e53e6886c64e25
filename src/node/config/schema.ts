import * as v from 'valibot';
import { ImagePolicyError } from '../../image/policy/error.ts';
import { parseImagePolicy } from '../../image/policy/parse.ts';

const SIZES: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

const path = v.pipe(
  v.string(),
  v.regex(/^\/[^\0]*$/, 'it must be an absolute path'),
  v.maxLength(4096, 'the path is too long'),
);
const PEM_MARK = '-----BEGIN CERTIFICATE-----';
/** An absolute path, or a certificate itself. */
const certificate = v.union(
  [path, v.pipe(v.string(), v.includes(PEM_MARK))],
  'it must be an absolute path or a certificate in PEM',
);
const hierarchy = v.pipe(
  path,
  v.check(
    (text) =>
      text !== '/' &&
      !text.includes(':') &&
      !text
        .split('/')
        .slice(1)
        .some((part) => /^\.{0,2}$/.test(part)),
    'it must be an absolute path without .., not / itself',
  ),
);
const size = v.pipe(
  v.union([v.string(), v.number()], 'it must be a number of bytes, such as 16G'),
  v.transform((value) => {
    const [, digits, unit] = /^(\d{1,15})([KMGT]?)$/.exec(String(value)) ?? [];
    return digits === undefined ? Number.NaN : Number(digits) * SIZES[unit ?? '']!;
  }),
  v.number('it must be a number of bytes, such as 16G'),
  v.check((value) => Number.isSafeInteger(value) && value > 0, 'it must be a number of bytes, such as 16G'),
);
const proxy = v.pipe(
  v.string(),
  v.check((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'it must be an http or https address'),
);

/** The configuration, as it is written down. Keys are those of the file. */
export const CONFIGURATION = v.strictObject(
  {
    certificates: v.optional(v.pipe(v.array(certificate, 'it must be a list'), v.maxLength(100))),
    require_signatures: v.optional(v.boolean('it must be true or false')),
    image_policy: v.optional(v.pipe(v.string('it must be an image policy'), v.rawCheck(checkPolicy))),
    hierarchies: v.optional(
      v.pipe(
        v.array(hierarchy, 'it must be a list'),
        v.minLength(1, 'it must name one at least'),
        v.maxLength(100),
      ),
    ),
    mutable: v.optional(
      v.picklist(
        ['no', 'auto', 'yes', 'import', 'ephemeral', 'ephemeral-import'],
        "it must be one of 'no', 'auto', 'yes', 'import', 'ephemeral', 'ephemeral-import'",
      ),
    ),
    proxy: v.optional(
      v.strictObject({ http: v.optional(proxy), https: v.optional(proxy), no: v.optional(v.string()) }),
    ),
    ca_file: v.optional(path),
    download_limit: v.optional(size),
    boot_timeout: v.optional(
      v.pipe(
        v.number('it must be a number of seconds'),
        v.minValue(1, 'it must be 1 at least'),
        v.maxValue(3600, 'it must be 3600 at most'),
      ),
    ),
  },
  'it must be a mapping',
);

/** What the configuration, or a part of it, says. */
export type WrittenConfiguration = v.InferOutput<typeof CONFIGURATION>;

function checkPolicy({ dataset, addIssue }: v.RawCheckContext<string>): void {
  if (!dataset.typed) return;
  try {
    parseImagePolicy(dataset.value);
  } catch (error) {
    if (!(error instanceof ImagePolicyError)) throw error;
    addIssue({ message: error.message });
  }
}
