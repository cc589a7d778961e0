/** The part of a verdict that the viewer needs; compatible with the API's type. */
export interface ResultVerdict {
  readonly kind: string;
  readonly error: { readonly message: string; readonly line: number; readonly column: number } | null;
  readonly repaired: {
    readonly text: string;
    readonly edits: readonly ResultEdit[];
    readonly cut: boolean;
    readonly dropped: string | null;
  } | null;
  readonly schemaErrors: readonly { readonly path: string; readonly message: string }[];
  readonly warnings: readonly ResultWarning[];
  readonly note: string | null;
}

/** A warning about valid JSON. */
export interface ResultWarning {
  readonly code: string;
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface ResultEdit {
  readonly position: number;
  readonly before: string;
  readonly after: string;
}
