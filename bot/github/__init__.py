"""GitHub behind the Forge, Reports and Credentials ports. Texts that people see are `bot.render`'s."""
