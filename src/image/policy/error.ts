import { CodedError } from '../../base/error.ts';

/** What is wrong with the text of a policy. */
export type ImagePolicyErrorCode =
  | 'policy-missing-equals'
  | 'policy-unknown-designator'
  | 'policy-unknown-flag'
  | 'policy-duplicate';

/** The text of an image policy cannot be understood: somebody typed it, so this is wrong usage. */
export class ImagePolicyError extends CodedError<ImagePolicyErrorCode> {
  override readonly name = 'ImagePolicyError';
  override readonly exitCode = 2;
}
