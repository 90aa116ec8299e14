"""Dynamic resources, with FastMCP: python profile.py"""

from fastmcp import FastMCP
from fastmcp.exceptions import NotFoundError
from pydantic import BaseModel

mcp = FastMCP("profile")


class Profile(BaseModel):
    name: str
    language: str


class Settings(BaseModel):
    theme: str
    items_per_page: int


# Whom the app knows.
USERS = {1: Profile(name="Ada", language="en"), 2: Profile(name="Grace", language="fr")}


@mcp.resource("config://app-settings", mime_type="application/json")
def app_settings() -> str:
    """The settings of the app."""
    return Settings(theme="dark", items_per_page=20).model_dump_json()


@mcp.resource("user://{user_id}/profile", mime_type="application/json")
def profile(user_id: int) -> str:
    """The profile of a user."""
    if user_id not in USERS:
        raise NotFoundError(f"there is no user {user_id}")
    return USERS[user_id].model_dump_json()


if __name__ == "__main__":
    mcp.run(show_banner=False)
