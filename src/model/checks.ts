import { IFinding } from '../api';

/** The findings about one file. */
export interface IFindingGroup {
  path: string;
  findings: IFinding[];
}

/** Findings grouped by file, those with errors first. */
export function groupFindings(
  findings: ReadonlyArray<IFinding>
): IFindingGroup[] {
  const groups = new Map<string, IFinding[]>();
  for (const finding of findings) {
    groups.set(finding.path, [...(groups.get(finding.path) ?? []), finding]);
  }
  const errors = (list: IFinding[]): number =>
    list.filter(finding => finding.severity === 'error').length;
  return [...groups]
    .map(([path, list]) => ({
      path,
      findings: [...list].sort(
        (a, b) =>
          Number(b.severity === 'error') - Number(a.severity === 'error') ||
          a.code.localeCompare(b.code)
      )
    }))
    .sort(
      (a, b) =>
        errors(b.findings) - errors(a.findings) || a.path.localeCompare(b.path)
    );
}

/** Whether the server can mend the finding without asking anything. */
export function isAutomatic(finding: IFinding): boolean {
  return finding.fix !== null && finding.fix.action !== 'rename';
}
