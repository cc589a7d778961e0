/** Of the Network Information API, which not all browsers have. */
interface Line {
  readonly saveData?: boolean;
  readonly effectiveType?: string;
}

/** Whether what nobody asked for should not be loaded: on a slow line, or where data costs money. */
export function isSlowLine(): boolean {
  const { connection = {} } = navigator as Navigator & { connection?: Line };
  const { saveData = false, effectiveType = "4g" } = connection;
  return saveData || effectiveType !== "4g";
}
