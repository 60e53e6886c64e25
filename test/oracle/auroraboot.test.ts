import { fromArchive, fromDirectory } from '../support/image-builder.ts';
import { treeCases } from '../support/trees.ts';
import { describeImageBuilder } from './conformance.ts';

// A tree with nothing but its extension-release file would extend nothing: that is refused.
const extending = treeCases.filter(({ name }) => name !== 'bare');

describeImageBuilder('auroraboot from a directory', fromDirectory, extending);
describeImageBuilder('auroraboot from an archive', fromArchive, extending);
