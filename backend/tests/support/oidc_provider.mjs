// A real, certified OpenID provider (oidc-provider) on a free port of loopback. It prints its address, and ends with
// its standard input. argv[2]: the folder whose node_modules has it; argv[3]: the redirect address.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(`${process.argv[2]}/`)
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href)

const ROLES = { ann: ['staff', 'jobs-admins'], otto: ['jobs-operators'], vera: ['jobs-viewers'], nora: ['staff'] }

const configuration = {
  clients: [
    { client_id: 'page', client_secret: 'of a test: +%&', redirect_uris: [process.argv[3]] },
    { client_id: 'posts', client_secret: 'posted', redirect_uris: [process.argv[3]], token_endpoint_auth_method: 'client_secret_post' },
    { client_id: 'public', redirect_uris: [process.argv[3]], token_endpoint_auth_method: 'none' },
    { client_id: 'local', redirect_uris: ['http://localhost/session/oidc/callback'], application_type: 'native', token_endpoint_auth_method: 'none' },
    { client_id: 'robot', client_secret: 'robot', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
  ],
  clientAuthMethods: (process.argv[4] ?? 'client_secret_basic,client_secret_post,none').split(','),
  claims: { openid: ['sub'], profile: ['name', 'roles'], email: ['email', 'email_verified'] },
  cookies: { keys: ['of a test'] },
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => false,
      getResourceServerInfo: (_, audience) => ({ scope: '', audience, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
    },
  },
  extraTokenClaims: (_, token) => (token.clientId === 'robot' ? { roles: ['jobs-operators'] } : undefined),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `${id} of a test`, email: `${id}@example.com`, email_verified: true, roles: ROLES[id] }),
  }),
  async loadExistingGrant(ctx) {
    const { client, session } = ctx.oidc
    const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId })
    grant.addOIDCScope('openid profile email')
    await grant.save()
    return grant
  },
}

// The provider must know its address before it answers.
let answer
const server = createServer((request, response) => answer(request, response))
server.listen(0, '127.0.0.1', () => {
  const provider = new Provider(`http://127.0.0.1:${server.address().port}`, configuration)
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next()
    const login = ctx.query.login
    if (login === undefined) {
      ctx.body = '<!doctype html><title>Who are you?</title><a href="?login=otto">otto</a>'
      ctx.type = 'html'
      return
    }
    // A native client (local) needs consent, too.
    const result = login ? { login: { accountId: login }, consent: {} } : { error: 'access_denied' }
    await provider.interactionFinished(ctx.req, ctx.res, result)
    ctx.respond = false
  })
  answer = provider.callback()
  console.log(JSON.stringify({ issuer: provider.issuer }))
})
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
