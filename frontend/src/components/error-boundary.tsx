import { Button } from "@mantine/core";
import { IconMoodSad } from "@tabler/icons-react";
import { Component, type ReactNode } from "react";
import { Notice } from "./notice";

interface Props {
  /** What failed: "This result cannot be shown." */
  title: string;
  /** Shown below the title: the raw text, a download. */
  fallback?: ReactNode;
  /** A new value renders the content again. */
  resetKey: string;
  children: ReactNode;
}

interface State {
  error: Error | null;
  resetKey: string;
}

/** If one part of the page fails, the rest stays. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null, resetKey: this.props.resetKey };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    return props.resetKey === state.resetKey ? null : { error: null, resetKey: props.resetKey };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Notice icon={IconMoodSad} title={this.props.title} tone="bad">
        <p>{this.state.error.message}</p>
        {this.props.fallback}
        <Button variant="default" onClick={() => this.setState({ error: null })}>
          Try again
        </Button>
      </Notice>
    );
  }
}
