"""Every mutation, and what comes of it for whom. A new one needs a line in the file of its kind.

Beside the estate's words, `$name` stands for what `targets.py` makes anew, `$self` for the one who
asks, `$key` for a client key, and `$mail` for an address.
"""

from tests.matrix.rules.account_mutations import ACCOUNT_MUTATIONS
from tests.matrix.rules.chat_mutations import CHAT_MUTATIONS
from tests.matrix.rules.group_mutations import GROUP_MUTATIONS
from tests.matrix.rules.product_mutations import PRODUCT_MUTATIONS
from tests.matrix.rules.roots import Ask

MUTATIONS: dict[str, dict[str, Ask]] = {
    **PRODUCT_MUTATIONS,
    **GROUP_MUTATIONS,
    **CHAT_MUTATIONS,
    **ACCOUNT_MUTATIONS,
}
