import { Button, Group } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { useRouter } from "@tanstack/react-router";
import { Notice } from "@/components/notice";
import { PageNotLoadedError } from "./lazy-pages";

/** In place of a page whose code did not come. Any other error is for the boundary around all pages. */
export function PageNotLoaded({ error }: ErrorComponentProps) {
  const router = useRouter();
  if (!(error instanceof PageNotLoadedError)) throw error;
  return (
    <Notice isPage icon={IconPlugConnectedX} title="This page could not be loaded" tone="bad">
      <p>The server cannot be reached, or it was updated since this window was opened.</p>
      <Group gap="xs" justify="center">
        <Button variant="default" onClick={() => void router.invalidate()}>
          Try again
        </Button>
        <Button variant="default" onClick={() => location.reload()}>
          Reload the window
        </Button>
      </Group>
    </Notice>
  );
}
