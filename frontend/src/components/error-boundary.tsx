import { Button } from "@mantine/core";
import { IconMoodSad } from "@tabler/icons-react";
import { Component, type ReactNode } from "react";
import { Notice } from "./notice";

interface Props {
  /** What broke, for the reader: "This result cannot be shown." */
  title: string;
  /** What to show below it: the raw text, a way out. */
  fallback?: ReactNode;
  /** A new value gives the content another chance. */
  resetKey: string;
  children: ReactNode;
}

interface State {
  error: Error | null;
  resetKey: string;
}

/** The last line: whatever one part of the page does, the rest of it stays. */
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
