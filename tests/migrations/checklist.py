"""What the five source designs name for PostgreSQL, one line each, under the checklist's ids.

`user_id` stands where ChronoChat says `clerk_user_id`, which is `users.external_subject` here;
`created_at` where Deed-O's messages say `timestamp`.
"""

AUTH_COLUMNS = """
C1 users.public_id uuid not null default gen_random_uuid()
C1 users.external_subject text
C1 users.username text
C1 users.first_name text
C1 users.last_name text
C1 users.profile_image_url text
C1 users.subscription_tier subscription_tier not null default 'free'::subscription_tier
C1 users.is_active boolean not null default true
C1 users.last_login_at timestamp with time zone
C1 users.metadata jsonb not null default '{}'::jsonb
A2 users.profile jsonb
E14 users.id integer not null identity
E14 users.email bytea not null
E14 users.name text not null
E15 users.contact_number bytea
E15 users.contact_country_code bytea
E15 users.city bytea
E15 users.state bytea
E15 users.country bytea
E15 users.pincode bytea
E16 users.gender bytea
E16 users.dob bytea
E16 users.purpose_code bytea
E16 users.nationality bytea
E16 users.ethnicity bytea
E16 users.qualification bytea
E16 users.profession bytea
E17 users.status user_status not null default 'not-verified'::user_status
E17 users.role user_role not null default 'user'::user_role
E18 users.registration_platform platform not null
E18 users.is_online boolean not null default false
E19 users.created_at timestamp with time zone not null default now()
E19 users.updated_at timestamp with time zone not null default now()
E19 users.deleted_at timestamp with time zone
C3 user_sessions.id uuid not null default gen_random_uuid()
C3 user_sessions.user_id integer not null
C3 user_sessions.session_id text not null
C3 user_sessions.ip_address inet
C3 user_sessions.user_agent text
C3 user_sessions.device_type text
C3 user_sessions.started_at timestamp with time zone not null default now()
C3 user_sessions.last_activity_at timestamp with time zone not null default now()
C3 user_sessions.ended_at timestamp with time zone
C3 user_sessions.metadata jsonb not null default '{}'::jsonb
C5 user_preferences.id uuid not null default gen_random_uuid()
C5 user_preferences.user_id integer not null
C5 user_preferences.preferred_ai_provider ai_provider not null default 'gemini'::ai_provider
C5 user_preferences.preferred_model text
C5 user_preferences.temperature double precision not null default 0.7
C5 user_preferences.chat_theme chat_theme not null default 'light'::chat_theme
C5 user_preferences.language text not null default 'en'::text
C5 user_preferences.email_notifications boolean not null default true
C5 user_preferences.preferences jsonb not null default '{}'::jsonb
C5 user_preferences.created_at timestamp with time zone not null default now()
C5 user_preferences.updated_at timestamp with time zone not null default now()
E20 tokens.id uuid not null default gen_random_uuid()
E20 tokens.user_id integer not null
E20 tokens.expire_at timestamp with time zone not null
E20 tokens.platform_type platform not null
E20 tokens.token_hash bytea not null
E20 tokens.family_id uuid not null
E21 user_verifications.id uuid not null default gen_random_uuid()
E21 user_verifications.user_id integer
E21 user_verifications.otp_hash bytea not null
E21 user_verifications.attempts smallint not null default 0
E21 user_verifications.verification_source verification_source not null
E21 user_verifications.action_platform platform not null
E21 user_verifications.action verification_action not null
E21 user_verifications.verified boolean not null default false
E21 user_verifications.expire_at timestamp with time zone not null
E21 user_verifications.created_at timestamp with time zone not null default now()
E21 user_verifications.updated_at timestamp with time zone not null default now()
B38 auth_audit_events.actor_id integer
B38 auth_audit_events.action text not null
B38 auth_audit_events.entity_type text not null
B38 auth_audit_events.entity_id text not null
E39 auth_audit_events.before jsonb
E39 auth_audit_events.after jsonb
"""

MAIN_COLUMNS = """
C2 user_usage_stats.id uuid not null default gen_random_uuid()
C2 user_usage_stats.user_id integer not null
C2 user_usage_stats.total_messages bigint not null default 0
C2 user_usage_stats.total_conversations bigint not null default 0
C2 user_usage_stats.total_tokens_used bigint not null default 0
C2 user_usage_stats.monthly_messages bigint not null default 0
C2 user_usage_stats.monthly_tokens bigint not null default 0
C2 user_usage_stats.month_year text not null
C2 user_usage_stats.created_at timestamp with time zone not null default now()
C2 user_usage_stats.updated_at timestamp with time zone not null default now()
A6 monthly_usage.messages bigint not null default 0
A18 usage_ledger.conversation_id uuid not null
A21 usage_ledger.tokens integer not null default 0
C4 api_logs.id uuid not null default gen_random_uuid()
C4 api_logs.user_id integer
C4 api_logs.endpoint text not null
C4 api_logs.method text not null
C4 api_logs.status_code smallint not null
C4 api_logs.response_time_ms double precision not null
C4 api_logs.ip_address inet
C4 api_logs.user_agent text
C4 api_logs.error_message text
C4 api_logs.created_at timestamp with time zone not null default now()
A4 moderation_queue.status moderation_status not null default 'pending'::moderation_status
A4 moderation_queue.subject_kind moderation_subject not null
A4 moderation_queue.subject_id text not null
A5 moderation_decisions.item_id uuid not null
A5 moderation_decisions.moderator_id integer not null
A5 moderation_decisions.verdict moderation_verdict not null
E39 audit_events.before jsonb
E39 audit_events.after jsonb
E2 products.id text not null default\
 ('IM_'::text || replace((gen_random_uuid())::text, '-'::text, ''::text))
E3 products.cause cause not null
E4 products.mrp numeric(12,2) not null
E4 products.selling_price numeric(12,2) not null
E5 products.vendor_id integer not null
E6 products.images jsonb not null default '[]'::jsonb
E7 products.title text not null
E7 products.description text not null
E7 products.product_url text not null
E8 products.publishing_status publishing_status not null default 'draft'::publishing_status
E9 products.created_at timestamp with time zone not null default now()
E9 products.updated_at timestamp with time zone not null default now()
E9 products.remark text
E10 groups.id uuid not null default gen_random_uuid()
E10 groups.name text not null
E10 groups.product_id text
E10 groups.last_message_id uuid
E10 groups.created_at timestamp with time zone not null default now()
E10 groups.updated_at timestamp with time zone not null default now()
E10 group_members.user_id integer not null
D3 groups.parent_id uuid
D3 group_members.role group_role not null default 'member'::group_role
D4 conversations.kind conversation_kind not null
D4 conversations.group_id uuid
A12 conversations.context jsonb not null default '{}'::jsonb
D16 messages.id uuid not null
D16 messages.conversation_id uuid not null
D16 messages.text text
D16 messages.deleted boolean not null default false
D16 messages.created_at timestamp with time zone not null default now()
D16 messages.updated_at timestamp with time zone not null default now()
E11 messages.sender_id integer
E11 messages.group_id uuid
E11 messages.attachments jsonb not null default '[]'::jsonb
E11 conversation_members.read_msg_no bigint not null default 0
C7 messages.role message_role not null default 'user'::message_role
C7 messages.model text
C7 messages.provider text
C7 messages.tokens integer
C29 messages.metadata jsonb not null default '{}'::jsonb
"""

# C9's eight and E23's nine are the indexes that those designs name; `group_members (user_id,
# group_id)` does what the source's GIN index on an array does.
INDEXES = """
C1,C9 users unique (external_subject)
C1 users unique (public_id)
C9,E14,E22 users unique (email_index)
C3,C9 user_sessions (user_id)
C3,C9 user_sessions unique (session_id)
C5 user_preferences unique (user_id)
C2,C9 user_usage_stats unique (user_id)
C4,C9 api_logs (user_id)
C4,C9 api_logs (endpoint)
C4,C9 api_logs (created_at)
E20 tokens (user_id)
E20 tokens unique (token_hash)
E22 user_verifications (id, user_id, otp_hash)
E23 user_verifications (user_id)
E23 products (vendor_id, created_at, id)
E23 products (publishing_status, created_at, id)
E23 products (cause, created_at, id)
E23 groups (product_id)
E23 group_members (user_id, group_id)
E23 messages (group_id, seq) WHERE (group_id IS NOT NULL)
E23 messages (sender_id, created_at)
E23 messages (created_at)
A18 usage_ledger (conversation_id)
A23 groups (last_message_id)
A23 groups (parent_id)
A23 moderation_decisions (item_id)
A23 tokens (session_id)
A23 conversations unique (group_id)
D16 messages unique (conversation_id, seq)
"""

CONSTRAINTS = """
E4 products CHECK ((mrp >= (0)::numeric))
E4 products CHECK ((selling_price >= (0)::numeric))
E4 products CHECK ((selling_price <= mrp))
E10,E29 groups FOREIGN KEY (product_id) REFERENCES products(id) ON DELETE SET NULL
E11,E29 messages FOREIGN KEY (group_id) REFERENCES groups(id) ON DELETE CASCADE
E12 groups FOREIGN KEY (last_message_id) REFERENCES messages(id) ON DELETE SET NULL
D16 messages FOREIGN KEY (conversation_id) REFERENCES conversations(id) ON DELETE CASCADE
E20,E29 tokens FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
E21,E29 user_verifications FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
C3 user_sessions FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
C5 user_preferences FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
B11 group_members PRIMARY KEY (group_id, user_id)
A5 moderation_decisions FOREIGN KEY (item_id) REFERENCES moderation_queue(id) ON DELETE CASCADE
"""

LABELS = """
C1 subscription_tier free|pro|enterprise
C5 ai_provider gemini|openai
C5 chat_theme light|dark
C7 message_role user|assistant|system
E3 cause grief care|palliative care|elder care|child care|animal care
E8 publishing_status published|draft|suggestion|rejected
E17 user_status inactive|verified|not-verified
E17 user_role moderator|admin|user|service
E18 platform dobe|cause-i|deed-o
E21 verification_action login|register
"""
