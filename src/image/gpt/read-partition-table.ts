import type { ByteSource } from '../byte-source.ts';
import { ImageError } from '../error.ts';
import type { ImageFinding } from '../image-finding.ts';
import { SECTOR_SIZE } from './layout.ts';
import type { PartitionTable, PartitionTableCode } from './partition-table.ts';
import { checkEntries, type ReportTable, readEntries } from './read-entries.ts';
import { protectiveMbrProblem } from './read-protective-mbr.ts';
import { readSectorSize } from './read-sector-size.ts';
import { readTableCopy, type TableCopy } from './read-table-copy.ts';

const HINT = 'get the image again from where it comes from';

/**
 * Reads a GUID partition table: both copies, and whether they agree with each other and with the size of the file.
 *
 * @throws ImageError ('malformed') where neither copy can be read.
 */
export async function readPartitionTable(source: ByteSource): Promise<PartitionTable> {
  const findings: ImageFinding<PartitionTableCode>[] = [];
  const report: ReportTable = (code, message) => {
    findings.push({ code, layer: 'partition-table', level: 'error', message, hint: HINT, subjects: [] });
  };
  const { sectorSize, others } = await readSectorSize(source);
  if (others.length > 0) {
    const sizes = [sectorSize, ...others].join(' and ');
    report('gpt-sector-size-ambiguous', `there are partition tables for sectors of ${sizes} bytes`);
  }
  const lastLba = Math.floor(source.size / sectorSize) - 1;
  const primary = await readTableCopy(source, sectorSize, 1);
  const table = 'problem' in primary ? await readTableCopy(source, sectorSize, lastLba) : primary;
  if ('problem' in table) {
    const problems = 'problem' in primary ? `the primary copy: ${primary.problem}; ` : '';
    throw new ImageError('malformed', `partition table: ${problems}the backup: ${table.problem}`, {
      hint: HINT,
    });
  }
  if ('problem' in primary) {
    report('gpt-primary-damaged', `the primary partition table is damaged: ${primary.problem}`);
  } else {
    await checkBackup(source, sectorSize, primary, report);
  }
  const mbrProblem = protectiveMbrProblem(await source.read(0, SECTOR_SIZE), lastLba + 1);
  if (mbrProblem !== undefined) {
    report('protective-mbr-damaged', `the protective MBR is damaged: ${mbrProblem}`);
  }
  const entries = readEntries(table, sectorSize, report);
  checkEntries(entries, report);
  return {
    sectorSize,
    diskGuid: table.diskGuid,
    copy: 'problem' in primary ? 'backup' : 'primary',
    partitions: entries,
    findings,
  };
}

async function checkBackup(
  source: ByteSource,
  sectorSize: number,
  primary: TableCopy,
  report: ReportTable,
): Promise<void> {
  const size = (primary.alternateLba + 1n) * BigInt(sectorSize);
  if (size !== BigInt(source.size)) {
    const what = size > source.size ? 'it was cut off' : 'something was added';
    report(
      'gpt-size-mismatch',
      `the image has ${source.size} bytes, its partition table was made for ${size}: ${what}`,
    );
    return;
  }
  const backup = await readTableCopy(source, sectorSize, Number(primary.alternateLba));
  if ('problem' in backup) {
    report('gpt-backup-damaged', `the backup partition table is damaged: ${backup.problem}`);
  } else if (backup.alternateLba !== 1n) {
    report('gpt-backup-damaged', `the backup partition table is not that of the primary one`);
  } else if (!sameTable(primary, backup)) {
    report('gpt-copies-differ', 'the two copies of the partition table differ');
  }
}

function sameTable(one: TableCopy, other: TableCopy): boolean {
  return (
    one.diskGuid === other.diskGuid &&
    one.firstUsableLba === other.firstUsableLba &&
    one.lastUsableLba === other.lastUsableLba &&
    equalBytes(one.entries, other.entries)
  );
}

function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  for (let index = 0; index < one.length; index++) {
    if (one[index] !== other[index]) return false;
  }
  return one.length === other.length;
}
