import { Icon, type IconName } from "./icons";

interface PlaceLinkProps {
  icon: IconName;
  name: string;
  address: string;
  /** Whether it stands in a person's menu instead where the bar is short. */
  isRoomy?: boolean;
}

/** The way to the board or to the documents. */
export function PlaceLink({ icon, name, address, isRoomy }: PlaceLinkProps) {
  return (
    <a class={isRoomy ? "ghost roomy-only" : "ghost"} href={address}>
      <Icon name={icon} />
      <span class="wide-only">{name}</span>
      <span class="sr narrow-only">{name}</span>
    </a>
  );
}
