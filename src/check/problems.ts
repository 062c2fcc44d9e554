import type { Code } from "../diagnostic/codes.ts";
import type { Diagnostic, Fix, Note, Span } from "../diagnostic/diagnostic.ts";

export interface Details {
  readonly label?: string | undefined;
  readonly help?: string | undefined;
  readonly notes?: readonly Note[];
  readonly fixes?: readonly Fix[];
}

export type Problem = (span: Span, message: string, details?: Details) => Diagnostic;

const problem =
  (code: Code, severity: Diagnostic["severity"] = "error"): Problem =>
  (span, message, { label, help, notes = [], fixes = [] } = {}) => ({
    code,
    severity,
    span,
    message,
    notes,
    fixes,
    ...(label === undefined ? {} : { label }),
    ...(help === undefined ? {} : { help }),
  });

/** Found by who reads the files of a program, and said at the import. */
export const outsideProject = problem("MTT5519");

/** One constructor for each code of the checker; diagnostic/codes.ts holds their pages. */
export const problems = {
  // Names and imports.
  unknownName: problem("MTT2001"),
  declaredTwice: problem("MTT2002"),
  missingFile: problem("MTT2003"),
  notExported: problem("MTT2004"),
  importCycle: problem("MTT2005"),
  shadows: problem("MTT2006", "warning"),
  definedByItself: problem("MTT2007"),
  recursion: problem("MTT2008"),
  twoMeanings: problem("MTT2009"),
  unknownParameter: problem("MTT2010"),
  unknownField: problem("MTT2011"),
  unknownType: problem("MTT2012"),
  unknownSetting: problem("MTT2013"),
  outOfPlace: problem("MTT2014"),
  unused: problem("MTT2015", "warning"),
  idleAllow: problem("MTT2016", "warning"),
  // Types and shapes.
  wrongType: problem("MTT3001"),
  notCallable: problem("MTT3002"),
  arguments: problem("MTT3003"),
  shape: problem("MTT3004"),
  broadcast: problem("MTT3005"),
  operation: problem("MTT3006"),
  resultShape: problem("MTT3007"),
  sizeUnknown: problem("MTT3008"),
  operator: problem("MTT3009"),
  setting: problem("MTT3010"),
  badSize: problem("MTT3011"),
  unread: problem("MTT3101", "warning"),
  normalizedTwice: problem("MTT3102", "warning"),
  // What a step may ask.
  unknownStepField: problem("MTT4101"),
  missingStepField: problem("MTT4102"),
  dataField: problem("MTT4103"),
  dataShape: problem("MTT4104"),
  lossShape: problem("MTT4105"),
  fieldsConflict: problem("MTT4106"),
  valueRange: problem("MTT4107"),
  testSet: problem("MTT4108", "warning"),
} as const;
