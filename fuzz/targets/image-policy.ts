import { strict as assert } from 'node:assert';
import { POLICY_DESIGNATORS } from '../../src/image/policy/designator.ts';
import { evaluatePolicy } from '../../src/image/policy/evaluate.ts';
import { formatImagePolicy, isEquivalent, simplifyImagePolicy } from '../../src/image/policy/format.ts';
import { parseImagePolicy } from '../../src/image/policy/parse.ts';
import type { PolicyPartition, PolicySubject } from '../../src/image/policy/subject.ts';
import type { Target } from '../engine/target.ts';
import { texts } from '../seeds/text.ts';

const partition = (designator: PolicyPartition['designator'], readOnly: boolean): PolicyPartition => ({
  designator,
  readOnly,
  growFileSystem: !readOnly,
});
const SUBJECTS: readonly PolicySubject[] = [
  { partitionTable: false, partitions: [partition('root', false)] },
  { partitionTable: true, partitions: [partition('root', true)] },
  { partitionTable: true, partitions: [partition('usr', true), partition('usr-verity', true)] },
  { partitionTable: true, partitions: POLICY_DESIGNATORS.map((designator) => partition(designator, true)) },
  { partitionTable: true, partitions: [partition('linux-generic', false), partition('home', false)] },
  { partitionTable: true, partitions: [] },
];

/** An image policy; written in full or in short it means the same. */
export const target: Target = {
  sizeMax: 2048,
  seeds: () =>
    texts(
      '*',
      '-',
      'root=signed+absent:usr=signed+absent:=ignore',
      ' root = verity + read-only-on + growfs-off : swap=encrypted : =unused+absent',
      'usr-verity=open:home=-:root-verity-sig=unprotected',
    ),
  dictionary: [':', '=', '+', ' ', '~', 'open', 'ignore', 'absent', 'root', 'usr'],
  run(input) {
    const policy = parseImagePolicy(Buffer.from(input).toString('utf8'));
    for (const text of [formatImagePolicy(policy), simplifyImagePolicy(policy)]) {
      const again = parseImagePolicy(text);
      assert(isEquivalent(again, policy), `${text} means something else`);
      for (const subject of SUBJECTS) {
        assert.equal(evaluatePolicy(again, subject).allowed, evaluatePolicy(policy, subject).allowed, text);
      }
    }
  },
};
