import { useAccess } from "@/access/access-context";
import { AccountView } from "@/features/account/account-view";
import { useTitle } from "./use-title";

export function AccountPage() {
  useTitle("My account");
  const { who } = useAccess();
  return who === null ? null : <AccountView who={who} />;
}
