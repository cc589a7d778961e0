import { Skeleton, Stack } from "@mantine/core";

interface Props {
  /** "the job". */
  what: string;
  /** Of the areas below the heading, in pixels. */
  heights: readonly number[];
}

/** In place of a page that is loading. Its heading is what a screen reader says; people see grey areas. */
export function LoadingPage({ what, heights }: Props) {
  const title = `Loading ${what}`;
  return (
    <Stack gap="md" role="status" aria-label={title}>
      <h1 className="visually-hidden">{title}</h1>
      <Skeleton height={36} width={420} maw="100%" />
      {heights.map((height) => (
        <Skeleton key={height} height={height} />
      ))}
    </Stack>
  );
}
