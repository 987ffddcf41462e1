"""The web: webhooks in, the board out, and what operators watch. Calls the flow; decides nothing itself.

There is no login here: the page is for loopback, or for a proxy that lets people in. Webhooks prove
themselves by their secrets, and only pull requests that Tagboat itself keeps can be merged from the page.
"""
