"""The operations of signing in, as clients write them."""

ERRORS = "errors { code field message }"

REQUEST = f"""mutation(
  $email: String!, $action: AuthAction!, $platform: Platform!, $key: String!
) {{
  authCodeRequest(input: {{
    email: $email, action: $action, platform: $platform, clientKey: $key
  }}) {{ code {{ digits }} {ERRORS} }} }}"""

TOKEN = f"viewer {{ id name }} token {{ accessToken accessTokenExpiresAt refreshToken }} {ERRORS}"

VERIFY = f"""mutation(
  $email: String!, $action: AuthAction!, $platform: Platform!, $key: String!, $code: String!
  $name: String, $device: String, $type: DeviceType
) {{
  authCodeVerify(input: {{
    email: $email, action: $action, platform: $platform, clientKey: $key, code: $code
    name: $name, deviceName: $device, deviceType: $type
  }}) {{ {TOKEN} }} }}"""

REFRESH = f"""mutation($token: String!) {{
  authTokenRefresh(input: {{refreshToken: $token, clientKey: "again"}}) {{ {TOKEN} }} }}"""

SESSION = "id deviceName deviceType platform address isCurrent startedAt lastActivityAt"

SESSIONS = f"{{ viewer {{ sessions {{ nodes {{ {SESSION} }} }} }} }}"

REVOKE = f"""mutation($id: ID!) {{
  sessionRevoke(sessionId: $id, input: {{clientKey: "out"}}) {{
    user {{ sessions {{ nodes {{ id }} }} }} {ERRORS} }} }}"""

REVOKE_ALL = f"""mutation($others: Boolean!) {{
  sessionRevokeAll(input: {{exceptCurrent: $others, clientKey: "out"}}) {{
    user {{ sessions {{ nodes {{ id }} }} }} {ERRORS} }} }}"""

WHO = "{ viewer { id name } }"
