"""Questions as people ask them, with the sections in which the answer stands.

Both lists were written before there was anything to answer them, and are not changed so that it passes.
"""

from typing import Final

# The question, and the sections of which one has to come first.
QUESTIONS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("How do I revoke an API key?", ("authentication#revoke-an-api-key",)),
    ("Why does my phone get 403?", ("phones#a-phone-is-refused-with-403",)),
    ("How do I import numbers?", ("operations#numbers", "console#import-numbers-from-a-file")),
    ("What does 409 number_pool_empty mean?", ("errors#numbers-and-extensions",)),
    ("How long is a recording link valid?", ("freeswitch-service#call-recording", "getting-started#list-your-calls", "api#get-call-recording")),
    ("How do I point FreeSWITCH at the portal?", ("switch#who-may-register-and-where-calls-go",)),
    ("How do I get a phone number?", ("getting-started#get-your-number-and-extension", "freeswitch-service#assign-number")),
    ("Which header carries the API key?", ("authentication#which-proof-to-take", "freeswitch-service#tokens", "authentication#use-an-api-key")),
    ("How do I create an API key?", ("authentication#make-an-api-key", "getting-started#make-an-api-key")),
    ("How often may I call the API per minute?", ("api#how-often", "operations#the-limit-of-requests")),
    ("I lost my SIP password, how can I get a new one?", ("phones#set-a-new-password-for-a-phone", "api#post-assign-numbersip-password")),
    ("Can I call premium-rate numbers?", ("phones#what-you-can-dial",)),
    ("How do I switch on read-only mode?", ("operations#read-only-mode", "api#get-put-maintenanceread-only")),
    ("What is a b-leg?", ("glossary",)),
    ("What do I have to back up?", ("operations#data",)),
    ("How do I configure Auth0?", ("operations#auth0",)),
    ("How do I refresh an expired access token?", ("authentication#renew-a-token",)),
    ("What is the difference between staff and admin?", ("sign-in#as-what", "authentication#roles", "console#what-admins-see")),
    ("Where do I find out who listened to a recording?", ("console#listen-to-a-recording", "console#what-staff-see")),
    ("How do I send the same POST twice without doing it twice?", ("api#sending-a-request-again",)),
    ("What happens to CDRs while the portal is down?", ("operations#what-the-switch-could-not-post",)),
    ("What does USER_NOT_REGISTERED mean?", ("hangup-causes#hangup-causes", "hangup-causes#what-to-look-at")),
    ("How do I place a call between two numbers?", ("console#place-a-call-link", "freeswitch-service#call-link", "api#get-post-call-link", "getting-started#call-somebody-with-one-click")),
    ("How do I run the portal on my laptop?", ("getting-started#try-it-on-your-own-machine", "demo#what-make-run-runs")),
)  # fmt: skip

# The same, said in other words than the documentation's.
IN_OTHER_WORDS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("invalidate a leaked credential", ("authentication#revoke-an-api-key",)),
    ("my softphone cannot log in, forbidden", ("phones#a-phone-is-refused-with-403",)),
    ("upload a CSV of DIDs", ("operations#numbers",)),
    ("how to do click to call", ("getting-started#call-somebody-with-one-click", "freeswitch-service#call-link", "api#get-post-call-link")),
    ("rotate a key without downtime", ("authentication#replace-an-api-key",)),
    ("too many requests", ("errors#requests-in-general", "api#how-often", "authentication#when-a-proof-is-refused")),
    ("how do I filter the call list by date?", ("api#get-call-recording",)),
    ("remove the audio of a call", ("api#get-head-delete-call-recordingidaudio",)),
    ("block a person at once", ("console#shut-somebody-out", "operations#auth0", "operations#people")),
    ("which environment variables are there?", ("operations#configuration",)),
    ("who may work as staff?", ("sign-in#as-what", "operations#people", "console#what-admins-see")),
    ("divert calls when I don't pick up", ("phones#forward-calls-that-you-do-not-answer",)),
    ("what permissions can a key have?", ("authentication#scopes", "api#get-post-tokens-delete-tokensid")),
    ("is the server healthy?", ("operations#health",)),
    ("carrier settings for a SIP trunk", ("switch#profiles-and-gateways",)),
    ("two factor authentication for the superuser", ("sign-in#by-password",)),
)  # fmt: skip

# What no page of ours answers, though some of it has words of ours.
OFF_TOPIC: Final = (
    "What is the capital of France?",
    "How do I bake bread?",
    "What is the weather in Berlin tomorrow?",
    "Who won the world cup in 1998?",
    "How do I cancel my subscription?",
    "How do I fax a document?",
    "Does it support WhatsApp messages?",
    "How do I install Windows?",
    "What does the service cost per month?",
    "How do I change my voicemail greeting?",
    "How do I send an SMS?",
    "Which Kubernetes version is required?",
    "How can I port my number to another carrier?",
    "Can I pay by credit card?",
    "How do I make a video conference?",
    "Tell me a joke about telephones",
    "asdf qwer zxcv",
    "how do I",
    "???",
    "😀",
)
